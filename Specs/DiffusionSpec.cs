namespace OrleansDDM.Specs;

/// <summary>The corruption x_t = alpha(t) x0 + sigma(t) eps and what a network predicts. t = 0 is data, t = 1 is noise.</summary>
public sealed record DiffusionSpec
{
    /// <summary><c>flow</c> (alpha = 1 - t, sigma = t), <c>vp-cosine</c> or <c>edm</c> (alpha = 1).</summary>
    public string Path { get; init; } = "flow";

    /// <summary><c>flow</c> (velocity eps - x0), <c>eps</c>, <c>x0</c>, <c>v</c> or <c>score</c>.</summary>
    public string Parameterization { get; init; } = "flow";

    /// <summary>Distribution of training times: <c>uniform</c> or <c>logit-normal</c>.</summary>
    public string Times { get; init; } = "uniform";

    /// <summary>Mean of logit(t) for <c>logit-normal</c>.</summary>
    public double LogitMean { get; init; }

    /// <summary>Standard deviation of logit(t) for <c>logit-normal</c>, &gt; 0.</summary>
    public double LogitStd { get; init; } = 1.0;
}
