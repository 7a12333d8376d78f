using System.Collections.Concurrent;
using System.Diagnostics;

using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Training;

/// <content>Runs whose images stay with their hosts.</content>
public sealed partial class LearningRuntime : IHostLearning
{
    // Room for 2^32 images of one host below the next host's ids.
    private const int IdBits = 32;

    private readonly ConcurrentDictionary<string, Adoption> _adopted = new();

    // The images of the run that is being clustered; what is adopted is loaded anew, so that a change is seen.
    private (string Key, DataSplits Splits)? _surveyed;

    /// <inheritdoc/>
    public HostSurvey Survey(RunSpec spec, string host)
    {
        ArgumentNullException.ThrowIfNull(spec);
        DataSplits splits = LoadOwn(spec, host);
        _surveyed = (KeyOf(spec, host), splits);
        ImageDataset train = splits.Train;
        return new HostSurvey(
            host,
            train.Channels,
            train.Height,
            train.Width,
            train.HasLabels,
            train.ClassNames,
            train.Count,
            HostClustering.NeedsFeatures(spec) ? PcaStatistics.Of(train) : null);
    }

    /// <inheritdoc/>
    public KMeansShard Points(RunSpec spec, string host, FeatureState features)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ImageDataset train = SurveyedOf(spec, host).Train;
        IFeatureExtractor extractor = FeatureExtractors.FromState(features);
        return new KMeansShard(extractor.ExtractAll(train), extractor.Dimensions, train.Ids);
    }

    /// <inheritdoc/>
    public HostAssignment Assign(RunSpec spec, string host, HostPlan plan)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(plan);
        ImageDataset train = plan.Conform(SurveyedOf(spec, host).Train, Named(host));
        ClusteringResult own = ClusteringResult.FromState(plan.Clusters).Of(train);
        return new HostAssignment(own.Assignments, Fingerprint(train, own.Assignments), own.LabelTable is null ? null : [.. own.LabelTable.Select(r => r.ToArray())]);
    }

    /// <inheritdoc/>
    public void Adopt(RunSpec spec, string? host, HostPlan plan)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(plan);
        string key = SpecJson.Hash(spec);
        if (_adopted.TryGetValue(key, out Adoption? known) && known.Host == host && known.Plan.Fingerprint == plan.Fingerprint)
        {
            return;
        }

        if (host is not null && plan.IndexOf(host) < 0)
        {
            throw new DatasetException(
                spec.Data.Name, $"of host '{host}' is no part of the run, which began with that of {string.Join(", ", plan.Shares.Select(s => $"'{s.Host}'"))}");
        }

        var adoption = new Adoption(host, plan);
        _prepared.Get(key + plan.Fingerprint, () => Load(spec, adoption));
        _surveyed = null;
        _adopted[key] = adoption;
    }

    /// <inheritdoc/>
    public string AdoptedPlan(RunSpec spec) => _adopted.TryGetValue(SpecJson.Hash(spec), out Adoption? adopted) ? adopted.Plan.Fingerprint : string.Empty;

    private static string Named(string? host) => host is null ? "this machine" : $"host '{host}'";

    private static string KeyOf(RunSpec spec, string host) => SpecJson.Hash(spec) + "/" + host;

    private Adoption? AdoptionOf(RunSpec spec) => !spec.Islands.IsOnHosts() ? null : _adopted.TryGetValue(SpecJson.Hash(spec), out Adoption? adopted)
        ? adopted
        : throw new DatasetException(spec.Data.Name, "has not been clustered yet: its images stay with their hosts, which only a run brings together");

    private DataSplits SurveyedOf(RunSpec spec, string host) =>
        _surveyed is { } surveyed && surveyed.Key == KeyOf(spec, host) ? surveyed.Splits : LoadOwn(spec, host);

    // 31 bits of the name: ids stay positive, and two hosts of one run hardly ever meet.
    private DataSplits LoadOwn(RunSpec spec, string host) => catalog.Load(spec.Data, spec.Seed, FirstId(host));

    private static long FirstId(string host) => (long)(KeyedHash.Role("data/host/" + host) >> (IdBits + 1)) << IdBits;

    private Prepared Load(RunSpec spec, Adoption adoption)
    {
        DataSplits own = adoption.Host is { } host ? LoadOwn(spec, host) : catalog.Load(spec.Data, spec.Seed);
        string place = Named(adoption.Host);
        var clock = Stopwatch.StartNew();
        var splits = new DataSplits(adoption.Plan.Conform(own.Train, place), adoption.Plan.Conform(own.Validation, place), adoption.Plan.Conform(own.Test, place));
        ClusteringResult clusters = ClusteringResult.FromState(adoption.Plan.Clusters).Of(splits.Train);
        var data = new TrainingData(splits, clusters.Assignments, clusters.AssignNew(splits.Validation), spec.Experts.Count);
        string fingerprint = Fingerprint(splits.Train, clusters.Assignments);
        if (adoption.Host is { } name && fingerprint != adoption.Plan.Shares[adoption.Plan.IndexOf(name)].Fingerprint)
        {
            throw new DatasetException(
                spec.Data.Name, $"on host '{name}' is not what the run began with: its images have changed; bring the old ones back, or remove the run and train anew");
        }

        return new Prepared(data, clusters, fingerprint, clock.Elapsed.TotalSeconds);
    }

    private sealed record Adoption(string? Host, HostPlan Plan);
}
