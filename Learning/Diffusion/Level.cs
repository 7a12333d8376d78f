namespace OrleansDDM.Learning.Diffusion;

/// <summary>A noise level: x_t = <see cref="Alpha"/> x0 + <see cref="Sigma"/> eps, reached at time <see cref="Time"/> of its schedule.</summary>
/// <param name="Time">Time in [0, 1]; 0 is data, 1 is noise.</param>
/// <param name="Alpha">Signal scale, &gt;= 0.</param>
/// <param name="Sigma">Noise scale, &gt;= 0.</param>
public readonly record struct Level(double Time, double Alpha, double Sigma)
{
    /// <summary>lambda = ln(alpha / sigma), half the log-SNR; infinite at the ends of the flow path.</summary>
    public double Lambda => Math.Log(Alpha / Sigma);
}
