using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>The sampler's noise, drawn sample by sample, so that it does not depend on the batch.</summary>
public static class SamplingNoise
{
    /// <summary>
    /// x_T at the first level of a grid: N(0, sigma^2 I), that is N(0, I) on the flow and variance-preserving paths and sigma_max on EDM's.
    /// </summary>
    /// <param name="shape">Sizes of one sample, e.g. (C, H, W).</param>
    /// <param name="level">Where sampling starts.</param>
    /// <param name="seed">Seed of the request.</param>
    /// <param name="sampleIds">Identity of each sample, (B).</param>
    /// <returns>A state of one array <c>x</c>, (B, shape).</returns>
    public static State<T> Initial<T>(IReadOnlyList<int> shape, Level level, ulong seed, IReadOnlyList<ulong> sampleIds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(sampleIds);
        int[] sizes = [sampleIds.Count, .. shape];
        State<T> like = State<T>.Of(sizes, new T[sizes.Aggregate(1, (product, size) => checked(product * size))]);
        return StateMath.Scale(Like(like, seed, RandomRoles.InitialNoise, sampleIds, 0), level.Sigma);
    }

    /// <summary>Standard normal noise in the shape of a state, keyed by (seed, role and array name, sample, step).</summary>
    /// <exception cref="ArgumentException">Not one id per sample.</exception>
    public static State<T> Like<T>(State<T> like, ulong seed, string role, IReadOnlyList<ulong> sampleIds, ulong step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(like);
        ArgumentNullException.ThrowIfNull(sampleIds);
        if (sampleIds.Count != like.Batch)
        {
            throw new ArgumentException($"There are {sampleIds.Count} sample ids for a batch of {like.Batch}; give one each.", nameof(sampleIds));
        }

        return like.Map(array =>
        {
            var values = new T[array.Values.Length];
            string stream = $"{role}/{array.Name}";
            int width = values.Length / Math.Max(like.Batch, 1);
            for (int row = 0; row < like.Batch; row++)
            {
                CounterRandom.Normal(values.AsSpan(row * width, width), seed, stream, sampleIds[row], step);
            }

            return array with { Values = values };
        });
    }
}
