using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>A model that knows the density of its own corrupted data. Experts that have one need no trained router.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface ILogEvidence<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>ln p_t(x) of each sample, (B), at any level.</summary>
    double[] LogEvidence(State<T> x, Level level);
}
