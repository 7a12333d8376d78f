using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Clustering;

/// <summary>
/// Splits training images into one cluster per expert (DDM §3.2): features, many fine centroids by k-means, then K coarse centroids by
/// k-means over the fine ones weighted by their counts; each image goes to its nearest coarse centroid.
/// </summary>
public static class Clusterer
{
    // The coarse stage sees a few hundred points, so several starts cost nothing and avoid poor optima.
    private const int CoarseRestarts = 16;
    private static readonly ulong FeatureRole = KeyedHash.Role("clustering/features");
    private static readonly ulong FineRole = KeyedHash.Role("clustering/fine");
    private static readonly ulong CoarseRole = KeyedHash.Role("clustering/coarse");

    /// <summary>Clusters images. The result is the same, bit for bit, however the images are spread over shards.</summary>
    /// <param name="spec">How.</param>
    /// <param name="clusters">K, at least 1.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="shards">Training images; ids must be unique over all shards. Assignments follow in this order.</param>
    /// <exception cref="DatasetException">Fewer distinct images than clusters.</exception>
    public static ClusteringResult Run(ClusteringSpec spec, int clusters, ulong seed, params IReadOnlyList<ImageDataset> shards) =>
        Run(spec, clusters, seed, shards, CancellationToken.None);

    /// <inheritdoc cref="Run(ClusteringSpec, int, ulong, IReadOnlyList{ImageDataset})"/>
    /// <param name="spec">How.</param>
    /// <param name="clusters">K, at least 1.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="shards">Training images; ids must be unique over all shards. Assignments follow in this order.</param>
    /// <param name="cancellation">Gives up.</param>
    public static ClusteringResult Run(
        ClusteringSpec spec, int clusters, ulong seed, IReadOnlyList<ImageDataset> shards, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusters, 1);
        if (shards.Count == 0 || shards.Any(s => s.Count == 0))
        {
            throw new ArgumentException("Clustering needs at least one shard, and an image in each.", nameof(shards));
        }

        string method = clusters == 1 ? "single" : spec.Method;
        return method switch
        {
            "single" or "random" => Result(method, [.. shards.SelectMany(s => ClusteringResult.AssignByKey(method, clusters, seed, s))], null, [], []),
            "features" => ByFeatures(),
            _ => throw new ArgumentException($"Clustering method '{spec.Method}' is not known; use features or random.", nameof(spec)),
        };

        ClusteringResult ByFeatures()
        {
            IFeatureExtractor features = FitFeatures(spec, KeyedHash.Word(seed, FeatureRole, 0), shards, cancellation);
            KMeansShard[] points = [.. shards.Select(s => new KMeansShard(features.ExtractAll(s), features.Dimensions, s.Ids))];
            KMeansResult fine = KMeans.FitAsync(FineOptions(spec, clusters, seed), features.Dimensions, points, cancellation).AsTask().GetAwaiter().GetResult();
            float[] coarse = CoarseCentroids(spec, clusters, seed, fine);
            return Result(method, [.. points.SelectMany(p => p.Nearest(coarse))], features, fine.Centroids, coarse);
        }

        ClusteringResult Result(string used, int[] assignments, IFeatureExtractor? features, float[] fine, float[] coarse)
        {
            var result = new ClusteringResult(used, clusters, seed, assignments, features, fine, coarse, LabelTable(clusters, assignments, shards), shards[0].ClassNames);
            int empty = result.Sizes.ToList().IndexOf(0);
            return empty < 0
                ? result
                : throw new DatasetException(shards[0].Name, $"leaves cluster {empty} of {clusters} without an image ({assignments.Length} in all); use fewer experts or more images");
        }
    }

    /// <summary>Options of the first stage.</summary>
    internal static KMeansOptions FineOptions(ClusteringSpec spec, int clusters, ulong seed) =>
        new(Math.Max(clusters, spec.FineCentroids), spec.Iterations, KeyedHash.Word(seed, FineRole, 0));

    /// <summary>The second stage as a run of that seed does it.</summary>
    internal static float[] CoarseCentroids(ClusteringSpec spec, int clusters, ulong seed, KMeansResult fine) =>
        Consolidate(fine, clusters, spec.Iterations, KeyedHash.Word(seed, CoarseRole, 0));

    /// <summary>The second stage: K coarse centroids over fine ones weighted by their counts.</summary>
    /// <returns>(K, D).</returns>
    /// <exception cref="DatasetException">Fewer fine centroids than clusters: the images hardly differ.</exception>
    public static float[] Consolidate(KMeansResult fine, int clusters, int iterations, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(fine);
        long[] ids = [.. Enumerable.Range(0, fine.Counts.Length).Select(i => (long)i)];
        var shard = new KMeansShard(fine.Centroids, fine.Dimensions, ids, fine.Counts);
        KMeansResult coarse = KMeans.Fit(new KMeansOptions(clusters, iterations, seed, CoarseRestarts), fine.Dimensions, shard);
        return coarse.Counts.Length == clusters
            ? coarse.Centroids
            : throw new DatasetException("Clustering", $"found only {coarse.Counts.Length} distinct groups of images for {clusters} clusters; use fewer experts");
    }

    private static IFeatureExtractor FitFeatures(ClusteringSpec spec, ulong seed, IReadOnlyList<ImageDataset> shards, CancellationToken cancellation) => spec.Features switch
    {
        PcaFeatures.KindName => PcaFeatures.Fit(shards.Select(PcaStatistics.Of).Aggregate((a, b) => a.Add(b)), spec.Dimensions),
        AutoencoderFeatures.KindName => AutoencoderFeatures.Fit(shards, new AutoencoderOptions { Dimensions = spec.Dimensions, Seed = seed }, cancellation),
        _ => throw new ArgumentException($"Features '{spec.Features}' are not known; use pca or autoencoder.", nameof(spec)),
    };

    private static long[][]? LabelTable(int clusters, int[] assignments, IReadOnlyList<ImageDataset> shards)
    {
        if (!shards.All(s => s.HasLabels && s.ClassNames.SequenceEqual(shards[0].ClassNames)))
        {
            return null;
        }

        long[][] table = [.. Enumerable.Range(0, clusters).Select(_ => new long[shards[0].ClassNames.Count])];
        int image = 0;
        foreach (ImageDataset shard in shards)
        {
            foreach (int label in shard.Labels.Span)
            {
                table[assignments[image++]][label]++;
            }
        }

        return table;
    }
}
