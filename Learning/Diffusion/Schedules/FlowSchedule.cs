namespace OrleansDDM.Learning.Diffusion;

/// <summary>The linear (rectified flow) path: alpha = 1 - t, sigma = t (Lipman et al. 2023; Liu et al. 2023).</summary>
public sealed record FlowSchedule : INoiseSchedule
{
    /// <inheritdoc/>
    public string Id => "flow";

    /// <inheritdoc/>
    public double Alpha(double t) => 1 - t;

    /// <inheritdoc/>
    public double Sigma(double t) => t;

    /// <inheritdoc/>
    public double TimeOf(double lambda) => 1 / (1 + Math.Exp(lambda));
}
