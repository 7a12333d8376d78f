using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>How to run k-means.</summary>
/// <param name="Clusters">k, at least 1.</param>
/// <param name="Iterations">Most Lloyd iterations, at least 1.</param>
/// <param name="Seed">Seed of the draws.</param>
/// <param name="Restarts">Independent starts; the one with the lowest inertia is kept (the earliest on a tie).</param>
public sealed record KMeansOptions(int Clusters, int Iterations, ulong Seed, int Restarts = 1);

/// <summary>What k-means found.</summary>
/// <param name="Dimensions">D.</param>
/// <param name="Centroids">(k, D); fewer than asked for when there are fewer distinct points.</param>
/// <param name="Counts">(k) weight of each centroid's points, above 0.</param>
/// <param name="Inertia">Weighted sum of squared distances to <paramref name="Centroids"/>.</param>
/// <param name="Iterations">Lloyd iterations done.</param>
/// <param name="Converged">The centroids stopped moving.</param>
public sealed record KMeansResult(int Dimensions, float[] Centroids, long[] Counts, double Inertia, int Iterations, bool Converged);

/// <summary>
/// Lloyd's k-means over shards that only answer with summable statistics. Seeding is k-means|| (Bahmani et al., VLDB 2012) with its draws
/// made by exponential races keyed by point id: a few rounds choose about 2k candidates, which are then reduced to k by weighted
/// k-means++ (Arthur and Vassilvitskii, 2007). The result is the same, bit for bit, however the points are spread.
/// </summary>
public static class KMeans
{
    private const int SeedingRounds = 8;
    private static readonly ulong ReduceRole = KeyedHash.Role("k-means/reduce");
    private static readonly ulong RestartRole = KeyedHash.Role("k-means/restart");

    /// <summary>Fits to shards in memory.</summary>
    /// <exception cref="ArgumentException">Bad options or no shard.</exception>
    public static KMeansResult Fit(KMeansOptions options, int dimensions, params IReadOnlyList<KMeansShard> shards) =>
        FitAsync(options, dimensions, shards).AsTask().GetAwaiter().GetResult();

    /// <summary>Fits to shards anywhere; their answers are added in no particular order.</summary>
    /// <param name="options">Options.</param>
    /// <param name="dimensions">D.</param>
    /// <param name="shards">At least one.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentException">Bad options or no shard.</exception>
    public static async ValueTask<KMeansResult> FitAsync(
        KMeansOptions options, int dimensions, IReadOnlyList<IKMeansShard> shards, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Clusters, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Iterations, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Restarts, 1);
        if (shards.Count == 0)
        {
            throw new ArgumentException("k-means needs at least one shard.", nameof(shards));
        }

        KMeansResult? best = null;
        for (int restart = 0; restart < options.Restarts; restart++)
        {
            ulong seed = KeyedHash.Word(options.Seed, RestartRole, (ulong)restart);
            float[] start = await SeedAsync(shards, dimensions, options.Clusters, seed, cancellation).ConfigureAwait(false);
            KMeansResult result = await IterateAsync(shards, dimensions, start, options.Iterations, cancellation).ConfigureAwait(false);
            best = best is null || result.Inertia < best.Inertia ? result : best;
        }

        return best!;
    }

    private static async ValueTask<float[]> SeedAsync(
        IReadOnlyList<IKMeansShard> shards, int dimensions, int clusters, ulong seed, CancellationToken cancellation)
    {
        int batch = ((2 * clusters) + SeedingRounds - 1) / SeedingRounds;
        float[] candidates = [];
        for (int round = 0; round <= SeedingRounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();

            // The first candidate is a plain draw; it spreads the rest.
            int wanted = round == 0 ? 1 : batch;
            float[] sofar = candidates;
            RaceEntry[][] answers = await AskAsync(shards, s => s.RaceAsync(seed, round, wanted, sofar, cancellation)).ConfigureAwait(false);
            candidates = [.. candidates, .. RaceEntry.Merge(answers.SelectMany(a => a), wanted).SelectMany(e => e.Point)];
        }

        if (candidates.Length == 0)
        {
            throw new ArgumentException("k-means needs at least one point.", nameof(shards));
        }

        KMeansStatistics near = await SumAsync(shards, candidates, cancellation).ConfigureAwait(false);
        return Reduce(candidates, near.Counts, dimensions, clusters, seed);
    }

    /// <summary>Weighted k-means++ over the few candidates; the race decides each draw.</summary>
    private static float[] Reduce(float[] candidates, long[] weights, int dimensions, int clusters, ulong seed)
    {
        var chosen = new List<float>();
        double[] distances = [.. Enumerable.Repeat(1.0, weights.Length)];
        for (int k = 0; k < clusters; k++)
        {
            int winner = -1;
            double earliest = double.PositiveInfinity;
            for (int c = 0; c < weights.Length; c++)
            {
                double key = -Math.Log(KeyedHash.Uniform(seed, ReduceRole, (ulong)c, (ulong)k)) / (weights[c] * distances[c]);
                if (key < earliest)
                {
                    (winner, earliest) = (c, key);
                }
            }

            if (winner < 0)
            {
                break;
            }

            float[] point = candidates[(winner * dimensions)..((winner + 1) * dimensions)];
            chosen.AddRange(point);
            for (int c = 0; c < weights.Length; c++)
            {
                double distance = CentroidIndex.SquaredDistance(candidates.AsSpan(c * dimensions, dimensions), point);
                distances[c] = k == 0 ? distance : Math.Min(distances[c], distance);
            }
        }

        return [.. chosen];
    }

    private static async ValueTask<KMeansResult> IterateAsync(
        IReadOnlyList<IKMeansShard> shards, int dimensions, float[] centroids, int iterations, CancellationToken cancellation)
    {
        KMeansStatistics statistics;
        int iteration = 0;
        bool converged;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            statistics = await SumAsync(shards, centroids, cancellation).ConfigureAwait(false);
            float[] next = await FillEmptyAsync(shards, statistics, statistics.Means(centroids), cancellation).ConfigureAwait(false);

            // Unchanged assignments give unchanged sums, and so unchanged centroids, bit for bit.
            converged = next.AsSpan().SequenceEqual(centroids);
            centroids = next;
            iteration++;
        }
        while (!converged && iteration < iterations);

        KMeansStatistics last = converged ? statistics : await SumAsync(shards, centroids, cancellation).ConfigureAwait(false);
        int[] kept = [.. Enumerable.Range(0, last.Counts.Length).Where(k => last.Counts[k] > 0)];
        return new KMeansResult(
            dimensions,
            [.. kept.SelectMany(k => centroids[(k * dimensions)..((k + 1) * dimensions)])],
            Array.ConvertAll(kept, k => last.Counts[k]),
            (double)last.Inertia / KMeansStatistics.Scale,
            iteration,
            converged);
    }

    /// <summary>Moves each empty centroid, lowest index first, onto the point farthest from its own centroid.</summary>
    private static async ValueTask<float[]> FillEmptyAsync(
        IReadOnlyList<IKMeansShard> shards, KMeansStatistics statistics, float[] centroids, CancellationToken cancellation)
    {
        int[] empty = [.. Enumerable.Range(0, statistics.Counts.Length).Where(k => statistics.Counts[k] == 0)];
        if (empty.Length == 0)
        {
            return centroids;
        }

        RaceEntry[][] answers = await AskAsync(shards, s => s.FarthestAsync(centroids, empty.Length, cancellation)).ConfigureAwait(false);
        RaceEntry[] farthest = RaceEntry.Merge(answers.SelectMany(a => a), empty.Length);
        for (int i = 0; i < farthest.Length; i++)
        {
            farthest[i].Point.CopyTo(centroids, empty[i] * statistics.Dimensions);
        }

        return centroids;
    }

    private static async ValueTask<KMeansStatistics> SumAsync(IReadOnlyList<IKMeansShard> shards, float[] centroids, CancellationToken cancellation)
    {
        KMeansStatistics[] answers = await AskAsync(shards, s => s.AssignAsync(centroids, cancellation)).ConfigureAwait(false);
        return answers.Aggregate((a, b) => a.Add(b));
    }

    private static async ValueTask<T[]> AskAsync<T>(IReadOnlyList<IKMeansShard> shards, Func<IKMeansShard, ValueTask<T>> ask) =>
        await Task.WhenAll(shards.Select(s => ask(s).AsTask())).ConfigureAwait(false);
}
