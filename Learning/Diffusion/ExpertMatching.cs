using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>
/// Asks an expert of any schedule and parameterization about a solver's state: at equal log-SNR, with x rescaled to the expert's own
/// path. The posterior of x0 is unchanged by a rescaling of x, so the answer is exact.
/// </summary>
public static class ExpertMatching
{
    /// <summary>
    /// Smallest alpha / sigma at which an eps or score expert is asked. Below it x0 = (x - sigma eps) / alpha magnifies any error of the
    /// network without bound; the expert is asked at this level instead, with x rescaled to its noise, which biases x0 by O(1e-3).
    /// </summary>
    public const double MinimumSignal = 1e-3;

    /// <summary>The state and level at which to ask the expert. <paramref name="x"/> itself where the two paths agree.</summary>
    /// <param name="x">The solver's state.</param>
    /// <param name="level">The solver's level.</param>
    /// <param name="contract">The expert's contract.</param>
    public static (State<T> X, Level Level) Match<T>(State<T> x, Level level, ExpertContract contract)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(contract);
        double lambda = level.Lambda;
        if (contract.Parameterization is Parameterization.Eps or Parameterization.Score && contract.Schedule.At(1).Alpha == 0)
        {
            lambda = Math.Max(lambda, Math.Log(MinimumSignal));
        }

        INoiseSchedule schedule = contract.Schedule;
        if (lambda == level.Lambda && schedule.At(level.Time) == level)
        {
            return (x, level);
        }

        Level own = schedule.At(schedule.TimeOf(lambda));

        // Both ratios agree at equal log-SNR; the larger scale is the safe divisor, and keeps the noise right where a path ends early.
        double scale = level.Alpha >= level.Sigma ? own.Alpha / level.Alpha : own.Sigma / level.Sigma;
        return (StateMath.Scale(x, scale), own);
    }

    /// <summary>The expert's x0 prediction for a solver's state.</summary>
    /// <exception cref="ArithmeticException">The prediction has a NaN or an infinity.</exception>
    public static async ValueTask<State<T>> PredictX0Async<T>(
        IExpert<T> expert, State<T> x, Level level, Condition condition, CancellationToken cancellation = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(expert);
        (State<T> own, Level ownLevel) = Match(x, level, expert.Contract);
        State<T> prediction = await expert.PredictAsync(own, ownLevel, condition, cancellation);
        StateMath.RequireFinite(prediction, "An expert's prediction", ownLevel);
        return Parameterizations.ToX0(expert.Contract.Parameterization, own, prediction, ownLevel);
    }
}
