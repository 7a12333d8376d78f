using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>A split of training images into K clusters, and the rule that assigns any other image.</summary>
public sealed class ClusteringResult
{
    private static readonly ulong RandomRole = KeyedHash.Role("clustering/random");

    internal ClusteringResult(
        string method, int clusters, ulong seed, int[] assignments, IFeatureExtractor? features, float[] fine, float[] coarse, long[][]? labelTable, IReadOnlyList<string> classNames)
    {
        Method = method;
        Clusters = clusters;
        Seed = seed;
        Assignments = assignments;
        Features = features;
        FineCentroids = fine;
        CoarseCentroids = coarse;
        LabelTable = labelTable;
        ClassNames = classNames;
        var sizes = new long[clusters];
        foreach (int cluster in assignments)
        {
            sizes[cluster]++;
        }

        Sizes = sizes;
        Priors = Array.ConvertAll(sizes, s => s / (double)Math.Max(1, assignments.Length));
    }

    /// <summary><c>features</c>, <c>random</c>, or <c>single</c> for one cluster.</summary>
    public string Method { get; }

    /// <summary>K.</summary>
    public int Clusters { get; }

    /// <summary>Seed that it was made from.</summary>
    public ulong Seed { get; }

    /// <summary>(N) cluster of each training image, 0 to K - 1.</summary>
    public IReadOnlyList<int> Assignments { get; }

    /// <summary>(K) number of training images in each cluster.</summary>
    public IReadOnlyList<long> Sizes { get; }

    /// <summary>(K) share of the training images in each cluster: p(k).</summary>
    public IReadOnlyList<double> Priors { get; }

    /// <summary>Features that the centroids live in; null when none are used.</summary>
    public IFeatureExtractor? Features { get; }

    /// <summary>(F, D) fine centroids; empty when none are used.</summary>
    public IReadOnlyList<float> FineCentroids { get; }

    /// <summary>(K, D) coarse centroids; empty when none are used.</summary>
    public IReadOnlyList<float> CoarseCentroids { get; }

    /// <summary>[cluster][class] number of training images; null without labels.</summary>
    public IReadOnlyList<IReadOnlyList<long>>? LabelTable { get; }

    /// <summary>Names of the classes of <see cref="LabelTable"/>.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Cluster of each image of another split: nearest coarse centroid, or a keyed draw for <c>random</c>.</summary>
    /// <exception cref="ArgumentException">Images of another size than those clustered.</exception>
    public int[] AssignNew(ImageDataset images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Features is null
            ? AssignByKey(Method, Clusters, Seed, images)
            : new KMeansShard(Features.ExtractAll(images), Features.Dimensions, images.Ids).Nearest([.. CoarseCentroids]);
    }

    /// <summary>The result in a form that can be stored.</summary>
    public ClusteringState ToState() => new()
    {
        Method = Method,
        Clusters = Clusters,
        Seed = Seed,
        Assignments = [.. Assignments],
        Features = Features?.ToState(),
        FineCentroids = [.. FineCentroids],
        CoarseCentroids = [.. CoarseCentroids],
        LabelTable = LabelTable is null ? null : [.. LabelTable.Select(r => r.ToArray())],
        ClassNames = [.. ClassNames],
    };

    /// <summary>Rebuilds a stored result.</summary>
    /// <exception cref="DatasetException">The parts do not fit together.</exception>
    public static ClusteringResult FromState(ClusteringState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        IFeatureExtractor? features = state.Features is null ? null : FeatureExtractors.FromState(state.Features);
        int coarse = features is null ? 0 : state.Clusters * features.Dimensions;
        bool fits = state.Clusters >= 1
            && state.Method is "features" or "random" or "single"
            && (state.Method == "features") == (features is not null)
            && state.CoarseCentroids.Length == coarse
            && (features is null || state.FineCentroids.Length % features.Dimensions == 0)
            && Array.TrueForAll(state.Assignments, a => (uint)a < (uint)state.Clusters)
            && (state.LabelTable is null || (state.LabelTable.Length == state.Clusters && state.LabelTable.All(r => r.Length == state.ClassNames.Length)));
        return fits
            ? new ClusteringResult(
                state.Method, state.Clusters, state.Seed, state.Assignments, features, state.FineCentroids, state.CoarseCentroids, state.LabelTable, state.ClassNames)
            : throw new DatasetException("Stored clustering", "is damaged: its parts do not fit together; cluster again");
    }

    /// <summary>The same clusters with the assignments of other images, e.g. of one host.</summary>
    internal ClusteringResult Of(ImageDataset images)
    {
        int[] assignments = AssignNew(images);
        long[][]? table = null;
        if (images.HasLabels)
        {
            table = [.. Enumerable.Range(0, Clusters).Select(_ => new long[images.ClassNames.Count])];
            for (int i = 0; i < assignments.Length; i++)
            {
                table[assignments[i]][images.Labels.Span[i]]++;
            }
        }

        return new ClusteringResult(Method, Clusters, Seed, assignments, Features, [.. FineCentroids], [.. CoarseCentroids], table, images.ClassNames);
    }

    internal static int[] AssignByKey(string method, int clusters, ulong seed, ImageDataset images)
    {
        long[] ids = images.Ids.ToArray();
        return method == "random"
            ? Array.ConvertAll(ids, id => (int)(KeyedHash.Uniform(seed, RandomRole, (ulong)id) * clusters))
            : new int[ids.Length];
    }
}
