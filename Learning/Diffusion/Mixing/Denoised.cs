using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>An ensemble's answer.</summary>
/// <param name="X0">The mixed, guided and clipped prediction of the clean sample, in the shape of x.</param>
/// <param name="Report">How it came about.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record Denoised<T>(State<T> X0, DenoiserReport Report)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
