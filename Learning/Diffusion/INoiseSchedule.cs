namespace OrleansDDM.Learning.Diffusion;

/// <summary>A Gaussian corruption x_t = alpha(t) x0 + sigma(t) eps with t in [0, 1], 0 = data.</summary>
public interface INoiseSchedule
{
    /// <summary>Name in a spec: <c>flow</c>, <c>vp-cosine</c> or <c>edm</c>.</summary>
    string Id { get; }

    /// <summary>Signal scale at <paramref name="t"/>.</summary>
    double Alpha(double t);

    /// <summary>Noise scale at <paramref name="t"/>.</summary>
    double Sigma(double t);

    /// <summary>The time at which ln(alpha / sigma) equals <paramref name="lambda"/>; accepts both infinities.</summary>
    double TimeOf(double lambda);

    /// <summary>The level at time <paramref name="t"/>.</summary>
    Level At(double t) => new(t, Alpha(t), Sigma(t));
}
