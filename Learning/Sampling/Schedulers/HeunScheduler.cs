using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// EDM's Heun (Karras et al. 2022, alg. 1 without churn): a trapezoid in sigma / alpha, order 2. Two evaluations a step, one in a last step
/// to sigma = 0: 2 N - 1 in all.
/// </summary>
internal sealed class HeunScheduler<T>() : Scheduler<T>("heun")
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    protected override SolverState<T> Advance(SolverState<T> state, State<T> x0, Level from, Level to)
    {
        if (state.Stage == 0)
        {
            State<T> predicted = FirstOrder(state.X, x0, from, to);
            return to.Sigma == 0
                ? Step(state, predicted)
                : state with { Stage = 1, X = predicted, History = [new SolverMemory<T>(x0, from.Lambda)] };
        }

        // With eps_t - eps_s = (a_t / s_t) (m_s - m_t) for x0 predictions m, the trapezoid is a correction of the Euler point by c (m_s - m_t).
        // sigma / alpha is infinite where alpha = 0; there the trapezoid is taken in sigma / (alpha + sigma), the time of the flow path.
        double c = from.Alpha > 0
            ? 0.5 * (to.Alpha - (to.Alpha * to.Alpha * from.Sigma / (from.Alpha * to.Sigma)))
            : -0.5 * to.Alpha * (to.Alpha + to.Sigma) / to.Sigma;
        return Step(state, StateMath.Combine((state.X, 1), (state.History[0].X0, c), (x0, -c)));
    }
}
