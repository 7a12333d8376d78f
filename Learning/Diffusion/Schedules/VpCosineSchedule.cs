namespace OrleansDDM.Learning.Diffusion;

/// <summary>The variance-preserving cosine path: alpha = cos(pi t / 2), sigma = sin(pi t / 2); exactly 0 and 1 at the ends.</summary>
public sealed record VpCosineSchedule : INoiseSchedule
{
    /// <inheritdoc/>
    public string Id => "vp-cosine";

    /// <inheritdoc/>
    public double Alpha(double t) => double.CosPi(t / 2);

    /// <inheritdoc/>
    public double Sigma(double t) => double.SinPi(t / 2);

    /// <inheritdoc/>
    public double TimeOf(double lambda) => lambda switch
    {
        double.NegativeInfinity => 1,
        double.PositiveInfinity => 0,
        _ => 2 * double.AtanPi(Math.Exp(-lambda)),
    };
}
