using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>What a solver wants next: <see cref="EvaluateRequest{T}"/> or <see cref="DoneRequest{T}"/>.</summary>
/// <param name="X">The state it is about.</param>
/// <typeparam name="T">float or double.</typeparam>
public abstract record SolverRequest<T>(State<T> X)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>The prediction of x0 at a level is wanted.</summary>
/// <param name="X">x_t.</param>
/// <param name="Level">Its level.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record EvaluateRequest<T>(State<T> X, Level Level) : SolverRequest<T>(X)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>The samples are ready.</summary>
/// <param name="X">The samples.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record DoneRequest<T>(State<T> X) : SolverRequest<T>(X)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
