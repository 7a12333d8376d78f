using System.Globalization;
using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// DDIM (Song et al. 2021) on any schedule: x_t = a_t x0 + sqrt(s_t^2 - c^2) eps + c z with c = eta s_t sqrt(1 - e^-2h), h = lambda_t - lambda_s.
/// eta 1 is the DDPM posterior, eta 0 is deterministic.
/// </summary>
internal sealed class DdimScheduler<T>(double eta) : Scheduler<T>(string.Create(CultureInfo.InvariantCulture, $"ddim-{eta:R}"))
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    protected override SolverState<T> Advance(SolverState<T> state, State<T> x0, Level from, Level to)
    {
        // e^-h without logarithms: it is 0 at both ends of the flow path.
        double decay = from.Alpha * to.Sigma / (to.Alpha * from.Sigma);
        double c = eta * to.Sigma * Math.Sqrt(1 - (decay * decay));
        if (c == 0)
        {
            return Step(state, FirstOrder(state.X, x0, from, to));
        }

        double direction = Math.Sqrt(Math.Max(0, (to.Sigma * to.Sigma) - (c * c))) / from.Sigma;
        State<T> z = SamplingNoise.Like(state.X, state.Seed, RandomRoles.StepNoise, state.SampleIds, (ulong)state.Index);
        return Step(state, StateMath.Combine((state.X, direction), (x0, to.Alpha - (from.Alpha * direction)), (z, c)));
    }
}
