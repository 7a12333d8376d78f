using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// DPM-Solver++ 2M, midpoint form (Lu et al. 2022, alg. 2): x_t = (s_t / s_s) x - a_t (e^-h - 1) (m0 + (m0 - m1) / (2 r)) with r the last step
/// over this one in lambda. One evaluation a step, order 2; order 1 in the first step, in the last to sigma = 0, and where lambda was infinite.
/// </summary>
internal sealed class DpmSolverPlusPlus2MScheduler<T>() : Scheduler<T>("dpmpp-2m")
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    protected override SolverState<T> Advance(SolverState<T> state, State<T> x0, Level from, Level to)
    {
        var memory = new SolverMemory<T>(x0, from.Lambda);
        if (state.History is not [var last, ..] || to.Sigma == 0 || !double.IsFinite(last.Lambda))
        {
            return Step(state, FirstOrder(state.X, x0, from, to), memory);
        }

        double ratio = to.Sigma / from.Sigma;
        double weight = to.Alpha - (from.Alpha * ratio);
        double half = 0.5 * (to.Lambda - from.Lambda) / (from.Lambda - last.Lambda);
        return Step(
            state,
            StateMath.Combine((state.X, ratio), (x0, weight * (1 + half)), (last.X0, -weight * half)),
            memory);
    }
}
