namespace OrleansDDM.Learning.Diffusion;

/// <summary>
/// The variance-exploding path of EDM (Karras et al. 2022): alpha = 1, and sigma from 0 to <see cref="SigmaMax"/>. Time is the
/// logarithm of sigma, offset by <see cref="SigmaMin"/> so that sigma(0) is 0 without a jump:
/// sigma(t) = sigma_min ((1 + sigma_max / sigma_min)^t - 1). Far above sigma_min it is the log path sigma_min (sigma_max / sigma_min)^t.
/// </summary>
public sealed record EdmSchedule : INoiseSchedule
{
    /// <summary>Where the time axis turns from linear to logarithmic in sigma; the smallest noise that is told from none.</summary>
    public const double SigmaMin = 0.002;

    /// <summary>Noise at t = 1.</summary>
    public const double SigmaMax = 80;

    private static readonly double LogRange = double.LogP1(SigmaMax / SigmaMin);

    /// <inheritdoc/>
    public string Id => "edm";

    /// <inheritdoc/>
    public double Alpha(double t) => 1;

    /// <inheritdoc/>
    public double Sigma(double t) => t == 1 ? SigmaMax : SigmaMin * double.ExpM1(t * LogRange);

    /// <summary>The time of noise e^-lambda; 1 for all noise of at least <see cref="SigmaMax"/>, as the path goes no further.</summary>
    public double TimeOf(double lambda) => Math.Min(1, double.LogP1(Math.Exp(-lambda) / SigmaMin) / LogRange);
}
