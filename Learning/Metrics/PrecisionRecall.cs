namespace OrleansDDM.Learning.Metrics;

/// <summary>Improved precision and recall (Kynkäänniemi et al. 2019, eq. 1-2).</summary>
/// <param name="Precision">Share of samples that lie on the manifold of the real set.</param>
/// <param name="Recall">Share of real vectors that lie on the manifold of the samples.</param>
/// <param name="Samples">Number of samples.</param>
/// <param name="Real">Number of real vectors.</param>
/// <param name="Neighbours">k.</param>
public sealed record PrecisionRecall(double Precision, double Recall, int Samples, int Real, int Neighbours)
{
    /// <summary>
    /// The manifold of a set is the union of balls, one around each vector, that reach to its k-th nearest other vector of the
    /// set. Both shares depend on the number of vectors: compare equal counts.
    /// </summary>
    /// <param name="samples">Generated vectors. // (N, D)</param>
    /// <param name="real">Real vectors. // (M, D)</param>
    /// <param name="neighbours">k, 1 or more; the paper takes 3.</param>
    /// <param name="cancellation">Stops the computation.</param>
    /// <exception cref="ArgumentException">Widths differ, or a set has no k-th neighbour.</exception>
    public static PrecisionRecall Of(FeatureSet samples, FeatureSet real, int neighbours = 3, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbours, 1);
        FeatureSet.Check(samples, real, neighbours + 1);
        float[] sampleRadii = Radii(samples, neighbours, cancellation);
        float[] realRadii = Radii(real, neighbours, cancellation);
        var sampleOnReal = new bool[samples.Count];
        var realOnSamples = new bool[real.Count];
        PairwiseDistances.Squared(
            samples,
            real,
            (i, first, squared) =>
            {
                for (int j = 0; j < squared.Length; j++)
                {
                    sampleOnReal[i] |= squared[j] <= realRadii[first + j];
                    realOnSamples[first + j] |= squared[j] <= sampleRadii[i];
                }
            },
            cancellation);
        return new PrecisionRecall(Share(sampleOnReal), Share(realOnSamples), samples.Count, real.Count, neighbours);
    }

    /// <summary>Squared distance of each vector to its k-th nearest other vector.</summary>
    private static float[] Radii(FeatureSet set, int neighbours, CancellationToken cancellation)
    {
        // nearest[i] holds the k smallest distances of vector i so far, ascending.
        var nearest = new float[set.Count * neighbours];
        Array.Fill(nearest, float.PositiveInfinity);
        PairwiseDistances.Squared(
            set,
            set,
            (i, first, squared) =>
            {
                Span<float> best = nearest.AsSpan(i * neighbours, neighbours);
                for (int j = 0; j < squared.Length; j++)
                {
                    if (first + j != i && squared[j] < best[^1])
                    {
                        Insert(best, squared[j]);
                    }
                }
            },
            cancellation);
        return [.. Enumerable.Range(0, set.Count).Select(i => nearest[((i + 1) * neighbours) - 1])];
    }

    private static void Insert(Span<float> ascending, float value)
    {
        int at = ascending.Length - 1;
        for (; at > 0 && ascending[at - 1] > value; at--)
        {
            ascending[at] = ascending[at - 1];
        }

        ascending[at] = value;
    }

    private static double Share(bool[] flags) => flags.Count(flag => flag) / (double)flags.Length;
}
