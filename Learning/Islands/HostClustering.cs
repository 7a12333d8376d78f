using System.Globalization;

using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Islands;

/// <summary>
/// Clustering of images that stay with their hosts, as <see cref="Clusterer"/> does it with all of them in one place, bit for bit: features from sums, k-means from
/// sums, of which those of all hosts are added. What leaves a host beside sums are the features of those few of its images on which a centroid is started
/// (see <see cref="IKMeansShard"/>); no pixel does.
/// </summary>
public static class HostClustering
{
    /// <summary>Checks that hosts have the same kind of images and fits the features that all will use.</summary>
    /// <returns>The features; null where the clustering needs none.</returns>
    /// <exception cref="DatasetException">The images of two hosts do not go together.</exception>
    public static FeatureState? Features(RunSpec spec, IReadOnlyList<HostSurvey> surveys)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(surveys);
        HostSurvey first = surveys[0];
        foreach (HostSurvey other in surveys)
        {
            if ((other.Channels, other.Height, other.Width) != (first.Channels, first.Height, first.Width))
            {
                throw new DatasetException(spec.Data.Name, string.Create(
                    CultureInfo.InvariantCulture,
                    $"has ({first.Channels}, {first.Height}, {first.Width}) images on host '{first.Host}', but ({other.Channels}, {other.Height}, {other.Width}) on host '{other.Host}'; bring them to one size"));
            }

            if (spec.Model.ClassConditional && !other.Labelled)
            {
                throw new DatasetException(spec.Data.Name, $"has no classes on host '{other.Host}', but model.classConditional needs them on every one");
            }
        }

        return NeedsFeatures(spec)
            ? PcaFeatures.Fit(surveys.Select(s => s.Statistics!).Aggregate((a, b) => a.Add(b)), spec.Clustering.Dimensions).ToState()
            : null;
    }

    /// <summary>The first stage of k-means, over the hosts' points.</summary>
    public static ValueTask<KMeansResult> FineAsync(
        RunSpec spec, FeatureState features, IReadOnlyList<IKMeansShard> hosts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(features);
        return KMeans.FitAsync(
            Clusterer.FineOptions(spec.Clustering, spec.Experts.Count, spec.Seed), FeatureExtractors.FromState(features).Dimensions, hosts, cancellation);
    }

    /// <summary>The plan by which each host can assign its images. Its shares have names only.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="surveys">What the hosts' images are like, in the order in which peers are spread over the hosts.</param>
    /// <param name="features">The features; null where the clustering needs none.</param>
    /// <param name="fine">The first stage; null where the clustering needs none.</param>
    /// <exception cref="DatasetException">The images hardly differ.</exception>
    public static HostPlan Plan(RunSpec spec, IReadOnlyList<HostSurvey> surveys, FeatureState? features, KMeansResult? fine)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(surveys);
        HostSurvey first = surveys[0];
        bool labelled = surveys.All(s => s.Labelled);
        string[] classes = labelled ? Classes(surveys) : [];
        return new HostPlan
        {
            Channels = first.Channels,
            Height = first.Height,
            Width = first.Width,
            Labelled = labelled,
            ClassNames = classes,
            Clusters = new ClusteringState
            {
                Method = spec.Experts.Count == 1 ? "single" : spec.Clustering.Method,
                Clusters = spec.Experts.Count,
                Seed = spec.Seed,
                Assignments = [],
                Features = features,
                FineCentroids = [], // nobody assigns by them
                CoarseCentroids = fine is null ? [] : Clusterer.CoarseCentroids(spec.Clustering, spec.Experts.Count, spec.Seed, fine),
                ClassNames = classes,
            },
            Shares = [.. surveys.Select(s => new HostShare(s.Host, s.Images, string.Empty, [], null))],
        };
    }

    /// <summary>Whether the clusters of a run come from features.</summary>
    internal static bool NeedsFeatures(RunSpec spec) => spec.Experts.Count > 1 && spec.Clustering.Method == "features";

    // As they stand where all hosts have the same, otherwise sorted: a host need not have images of every class.
    private static string[] Classes(IReadOnlyList<HostSurvey> surveys) => surveys.All(s => s.ClassNames.SequenceEqual(surveys[0].ClassNames))
        ? [.. surveys[0].ClassNames]
        : [.. surveys.SelectMany(s => s.ClassNames).Distinct().Order(StringComparer.Ordinal)];
}
