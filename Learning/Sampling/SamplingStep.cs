using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>One evaluation of a sampling loop, as an observer sees it.</summary>
/// <param name="Index">Solver step.</param>
/// <param name="Stage">Evaluation within the step.</param>
/// <param name="Level">Level of the evaluation.</param>
/// <param name="X">x_t.</param>
/// <param name="X0">The ensemble's prediction.</param>
/// <param name="Report">How the prediction came about.</param>
/// <param name="Next">The state after it: store this to go on from here.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record SamplingStep<T>(
    int Index, int Stage, Level Level, State<T> X, State<T> X0, DenoiserReport Report, SolverState<T> Next)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
