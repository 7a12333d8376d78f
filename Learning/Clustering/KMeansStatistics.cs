using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Clustering;

/// <summary>
/// What a shard says about one Lloyd iteration. Sums are fixed-point integers (<see cref="Scale"/> units), so that adding shards is exact,
/// associative and commutative, and equals the pool bit for bit.
/// </summary>
/// <param name="Dimensions">D.</param>
/// <param name="Counts">(k) weight assigned to each centroid.</param>
/// <param name="Sums">(k, D) weighted sums of the points, times <see cref="Scale"/>.</param>
/// <param name="Inertia">Weighted sum of squared distances to the nearest centroid, times <see cref="Scale"/>.</param>
public sealed record KMeansStatistics(int Dimensions, long[] Counts, long[] Sums, Int128 Inertia)
{
    /// <summary>Units of the fixed-point sums: 2^24.</summary>
    public const double Scale = 1 << 24;

    /// <summary>Largest magnitude of a feature, and the largest total weight, for which no sum can overflow: 2^12 and 2^26.</summary>
    internal const float LargestFeature = 1 << 12;

    /// <summary>See <see cref="LargestFeature"/>.</summary>
    internal const long LargestWeight = 1L << 26;

    /// <summary>A feature as a fixed-point integer, rounded to even.</summary>
    public static long ToFixed(double value) => (long)Math.Round(value * Scale);

    /// <summary>Statistics of both shards together.</summary>
    /// <exception cref="ArgumentException">Other sizes, or a total weight above 2^26.</exception>
    public KMeansStatistics Add(KMeansStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Dimensions != other.Dimensions || Counts.Length != other.Counts.Length || Sums.Length != other.Sums.Length)
        {
            throw new ArgumentException("Statistics of different centroids cannot be added.", nameof(other));
        }

        var counts = new long[Counts.Length];
        var sums = new long[Sums.Length];
        TensorPrimitives.Add<long>(Counts, other.Counts, counts);
        TensorPrimitives.Add<long>(Sums, other.Sums, sums);
        return counts.Sum() <= LargestWeight
            ? new KMeansStatistics(Dimensions, counts, sums, Inertia + other.Inertia)
            : throw new ArgumentException($"More than {LargestWeight} points cannot be clustered exactly.", nameof(other));
    }

    /// <summary>(k, D) the mean of each centroid's points; an empty centroid stays where it was.</summary>
    public float[] Means(ReadOnlySpan<float> previous)
    {
        float[] means = previous.ToArray();
        for (int i = 0; i < means.Length; i++)
        {
            long count = Counts[i / Dimensions];
            if (count > 0)
            {
                means[i] = (float)(Sums[i] / Scale / count);
            }
        }

        return means;
    }
}
