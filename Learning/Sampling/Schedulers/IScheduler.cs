using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// A solver over noise levels, without state of its own: <see cref="Next"/> says which prediction is wanted, <see cref="Advance"/> takes it
/// and returns a new state. Works on x0 and lambda, so that one code path serves every schedule.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IScheduler<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Name in a spec, with what changes the result: <c>ddim-0.5</c>.</summary>
    string Id { get; }

    /// <summary>The state before the first step.</summary>
    /// <param name="x">x_T, batch first.</param>
    /// <param name="grid">Levels, strictly from noise to data; sigma is 0 at most in the last.</param>
    /// <param name="seed">Seed of the request.</param>
    /// <param name="sampleIds">Identity of each sample, (B).</param>
    /// <exception cref="ArgumentException">A grid that is too short or does not descend, or not one id per sample.</exception>
    SolverState<T> Begin(State<T> x, IReadOnlyList<Level> grid, ulong seed, IReadOnlyList<ulong> sampleIds);

    /// <summary>What is wanted next. Changes nothing; may be asked again.</summary>
    /// <exception cref="ArgumentException">The state belongs to another scheduler.</exception>
    SolverRequest<T> Next(SolverState<T> state);

    /// <summary>The state after the prediction that <see cref="Next"/> asked for.</summary>
    /// <param name="state">The state that was asked.</param>
    /// <param name="x0">The predicted clean sample.</param>
    /// <exception cref="ArgumentException">The state belongs to another scheduler, or x0 is of another shape.</exception>
    /// <exception cref="InvalidOperationException">The state is done.</exception>
    SolverState<T> Advance(SolverState<T> state, State<T> x0);
}
