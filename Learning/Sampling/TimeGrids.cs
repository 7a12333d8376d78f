using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Sampling;

/// <summary>The time grids a spec can name: n + 1 levels from t = 1 to sigma = 0.</summary>
public static class TimeGrids
{
    /// <summary>Exponent of EDM's grid (Karras et al. 2022, eq. 5).</summary>
    public const double Rho = 7;

    /// <summary>The grid of a sampling spec on a schedule.</summary>
    /// <exception cref="SpecException">The spec is out of range.</exception>
    public static Level[] Build(SamplingSpec spec, INoiseSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(spec);
        SpecValidator.ValidateSampling(spec);
        return Build(spec.Grid, spec.Steps, schedule, spec.Shift);
    }

    /// <summary>
    /// Builds a grid. <c>linear</c>: uniform in t. <c>flow-shift</c>: t' = k t / (1 + (k - 1) t), on the flow path a shift of lambda by -ln k
    /// (Esser et al. 2024). <c>log-snr</c>: uniform in lambda, and <c>karras</c>: uniform in (sigma / alpha)^(1/7), both over sigma / alpha from
    /// 80 to 0.002 (EDM's range), where the first level is t = 1 itself and a last step goes from 0.002 to 0.
    /// </summary>
    /// <param name="grid">Name in a spec.</param>
    /// <param name="n">Steps, &gt;= 1.</param>
    /// <param name="schedule">Schedule of the solver.</param>
    /// <param name="shift">k of <c>flow-shift</c>, &gt; 0.</param>
    /// <exception cref="ArgumentException">No such grid, or a number out of range.</exception>
    public static Level[] Build(string grid, int n, INoiseSchedule schedule, double shift = 1)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        if (!(shift > 0 && double.IsFinite(shift)))
        {
            throw new ArgumentException($"The shift of a grid must be positive and finite, not {shift}.", nameof(shift));
        }

        Func<int, double> time = grid switch
        {
            "linear" => i => 1 - ((double)i / n),
            "flow-shift" => i => Shifted(1 - ((double)i / n), shift),
            "log-snr" => i => schedule.TimeOf(Between(-Math.Log(EdmSchedule.SigmaMax), -Math.Log(EdmSchedule.SigmaMin), i, n)),
            "karras" => i => schedule.TimeOf(
                -Rho * Math.Log(Between(Math.Pow(EdmSchedule.SigmaMax, 1 / Rho), Math.Pow(EdmSchedule.SigmaMin, 1 / Rho), i, n))),
            _ => throw new ArgumentException($"Time grid '{grid}' does not exist; use linear, log-snr, karras or flow-shift.", nameof(grid)),
        };
        return [schedule.At(1), .. Enumerable.Range(1, n - 1).Select(i => schedule.At(time(i))), schedule.At(0)];
    }

    private static double Shifted(double t, double shift) => shift * t / (1 + ((shift - 1) * t));

    // Point i of n, the last of which is the end; i >= 1, so n >= 2.
    private static double Between(double start, double end, int i, int n) => start + ((end - start) * i / (n - 1));
}
