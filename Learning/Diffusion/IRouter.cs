using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>Estimates p(k | x_t, t), the posterior probability that x_t comes from cluster k (DDM eq. 5).</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IRouter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Number of experts K.</summary>
    int Count { get; }

    /// <summary>Weights, (B, K) row-major; every row is non-negative and sums to 1.</summary>
    ValueTask<double[]> WeightsAsync(State<T> x, Level level, Condition condition, CancellationToken cancellation = default);
}
