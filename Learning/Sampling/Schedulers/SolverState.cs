using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// Where a solver stands: immutable, complete, and written by <see cref="SolverStateJson"/>. Going on from a stored state gives the same
/// bits as never having stopped.
/// </summary>
/// <param name="Scheduler">Id of the scheduler it belongs to.</param>
/// <param name="Index">Steps done; the state stands at or, within a step, leaves <c>Grid[Index]</c>.</param>
/// <param name="Stage">Evaluations done within the step.</param>
/// <param name="X">Where the next prediction is asked, batch first.</param>
/// <param name="History">Predictions remembered, latest first.</param>
/// <param name="Grid">Levels, noise first.</param>
/// <param name="Seed">Seed of the request.</param>
/// <param name="SampleIds">Identity of each sample, (B).</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record SolverState<T>(
    string Scheduler,
    int Index,
    int Stage,
    State<T> X,
    IReadOnlyList<SolverMemory<T>> History,
    IReadOnlyList<Level> Grid,
    ulong Seed,
    IReadOnlyList<ulong> SampleIds)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
