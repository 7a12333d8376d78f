namespace OrleansDDM.Learning.Clustering;

/// <summary>
/// One holder of points, as seen by <see cref="KMeans"/>. Every answer is a function of the arguments and the points alone, so a lost
/// request may be sent again, and the answers of all shards merge to exactly what one pool would answer.
/// </summary>
public interface IKMeansShard
{
    /// <summary>
    /// The <paramref name="count"/> earliest points of an exponential race in which a point runs at the rate weight x squared distance to the
    /// nearest candidate (weight alone when there is none): a weighted draw without replacement (Efraimidis and Spirakis 2006) that merges.
    /// </summary>
    /// <param name="seed">Seed of the race.</param>
    /// <param name="round">Round: other rounds draw anew.</param>
    /// <param name="count">Most entries to return.</param>
    /// <param name="candidates">(m, D) points chosen in earlier rounds.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>At most <paramref name="count"/> entries, earliest first; points that coincide with a candidate never run.</returns>
    ValueTask<RaceEntry[]> RaceAsync(ulong seed, int round, int count, float[] candidates, CancellationToken cancellation);

    /// <summary>One Lloyd step: assigns each point to the nearest of (k, D) centroids and sums up.</summary>
    ValueTask<KMeansStatistics> AssignAsync(float[] centroids, CancellationToken cancellation);

    /// <summary>The <paramref name="count"/> points farthest from their nearest centroid (distance 0 excluded), farthest first; keys are negated squared distances.</summary>
    ValueTask<RaceEntry[]> FarthestAsync(float[] centroids, int count, CancellationToken cancellation);
}

/// <summary>A point with a key; the lowest key wins, ties go to the lowest id.</summary>
/// <param name="Key">Key.</param>
/// <param name="Id">Global id of the point, unique over all shards.</param>
/// <param name="Point">(D) the point.</param>
public sealed record RaceEntry(double Key, long Id, float[] Point)
{
    /// <summary>The first <paramref name="count"/> of all entries by (key, id): the merge of several shards' answers.</summary>
    public static RaceEntry[] Merge(IEnumerable<RaceEntry> entries, int count) =>
        [.. entries.OrderBy(e => e.Key).ThenBy(e => e.Id).Take(count)];
}
