using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>Euler: one evaluation a step, order 1. Equals DDIM with eta 0 on every schedule.</summary>
internal sealed class EulerScheduler<T>() : Scheduler<T>("euler")
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    protected override SolverState<T> Advance(SolverState<T> state, State<T> x0, Level from, Level to) =>
        Step(state, FirstOrder(state.X, x0, from, to));
}
