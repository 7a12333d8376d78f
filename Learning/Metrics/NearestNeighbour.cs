namespace OrleansDDM.Learning.Metrics;

/// <summary>The nearest reference of each query.</summary>
/// <param name="Index">Index of the nearest reference; the lowest of equals. // (N)</param>
/// <param name="Distance">Euclidean distance to it. // (N)</param>
/// <param name="References">Number of references.</param>
public sealed record NearestNeighbour(int[] Index, double[] Distance, int References)
{
    /// <summary>Finds the nearest reference of each query.</summary>
    /// <param name="queries">At least one vector. // (N, D)</param>
    /// <param name="references">At least one vector. // (M, D)</param>
    /// <param name="cancellation">Stops the computation.</param>
    /// <exception cref="ArgumentException">Widths differ, or a set is empty.</exception>
    public static NearestNeighbour Find(FeatureSet queries, FeatureSet references, CancellationToken cancellation = default) =>
        Find(queries, [references], cancellation);

    /// <summary>Finds the nearest reference of each query, with the references a part at a time; their indices go on from part to part.</summary>
    /// <param name="queries">At least one vector. // (N, D)</param>
    /// <param name="parts">One part or more, each of at least one vector.</param>
    /// <param name="cancellation">Stops the computation.</param>
    /// <exception cref="ArgumentException">Widths differ, a set is empty, or there is no part.</exception>
    public static NearestNeighbour Find(FeatureSet queries, IEnumerable<FeatureSet> parts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(parts);
        int before = 0;
        var index = new int[queries.Count];
        var best = new float[queries.Count];
        Array.Fill(best, float.PositiveInfinity);
        foreach (FeatureSet references in parts)
        {
            FeatureSet.Check(queries, references, 1);
            int start = before;
            PairwiseDistances.Squared(
                queries,
                references,
                (i, first, squared) =>
                {
                    for (int j = 0; j < squared.Length; j++)
                    {
                        if (squared[j] < best[i])
                        {
                            (best[i], index[i]) = (squared[j], start + first + j);
                        }
                    }
                },
                cancellation);
            before += references.Count;
        }

        return before > 0
            ? new NearestNeighbour(index, Array.ConvertAll(best, squared => Math.Sqrt(squared)), before)
            : throw new ArgumentException("There are no references to find neighbours among.", nameof(parts));
    }
}
