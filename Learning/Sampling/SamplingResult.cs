using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>What a sampling loop made.</summary>
/// <param name="X">The samples.</param>
/// <param name="Reports">One per evaluation of this call; its length is the number of function evaluations (NFE).</param>
/// <param name="Failed">Experts that failed on the way, ascending: the samples are of the remaining data from there on.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record SamplingResult<T>(State<T> X, IReadOnlyList<DenoiserReport> Reports, IReadOnlyList<int> Failed)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
