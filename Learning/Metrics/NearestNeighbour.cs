namespace OrleansDDM.Learning.Metrics;

/// <summary>The nearest reference of each query.</summary>
/// <param name="Index">Index of the nearest reference; the lowest of equals. // (N)</param>
/// <param name="Distance">Euclidean distance to it. // (N)</param>
public sealed record NearestNeighbour(int[] Index, double[] Distance)
{
    /// <summary>Finds the nearest reference of each query.</summary>
    /// <param name="queries">At least one vector. // (N, D)</param>
    /// <param name="references">At least one vector. // (M, D)</param>
    /// <param name="cancellation">Stops the computation.</param>
    /// <exception cref="ArgumentException">Widths differ, or a set is empty.</exception>
    public static NearestNeighbour Find(FeatureSet queries, FeatureSet references, CancellationToken cancellation = default)
    {
        FeatureSet.Check(queries, references, 1);
        var index = new int[queries.Count];
        var best = new float[queries.Count];
        Array.Fill(best, float.PositiveInfinity);
        PairwiseDistances.Squared(
            queries,
            references,
            (i, first, squared) =>
            {
                for (int j = 0; j < squared.Length; j++)
                {
                    if (squared[j] < best[i])
                    {
                        (best[i], index[i]) = (squared[j], first + j);
                    }
                }
            },
            cancellation);
        return new NearestNeighbour(index, Array.ConvertAll(best, squared => Math.Sqrt(squared)));
    }
}
