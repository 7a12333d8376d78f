using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Learning.Data;

using Xunit;

namespace OrleansDDM.Tests.Learning.Islands;

/// <summary>Two hosts, each with images of its own.</summary>
public sealed class HostClusteringTests : IDisposable
{
    private static readonly RunSpec Spec = new()
    {
        Seed = 7,
        Data = new DataSpec { Name = HostFolders.Name, Validation = 0.1 },
        Clustering = new ClusteringSpec { Dimensions = 8, FineCentroids = 32 },
        Experts = new ExpertsSpec { Count = 3 },
        Islands = new IslandsSpec { Peers = 2, Shards = "hosts" },
    };

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, LearningRuntime> _hosts = [];

    public HostClusteringTests()
    {
        foreach ((string host, ulong seed, int count) in new[] { ("a", 1UL, 300), ("b", 2UL, 500) })
        {
            _hosts[host] = new LearningRuntime(new DatasetCatalog([HostFolders.Write(Path.Combine(_folder.Path, host), seed, count)]));
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Hosts_find_the_clusters_of_all_images_in_one_place_bit_for_bit()
    {
        HostPlan plan = await PlanAsync(Spec);
        ImageDataset[] train = [.. _hosts.Select(h => Train(h.Value, h.Key, plan))];
        ClusteringResult pool = Clusterer.Run(Spec.Clustering, 3, Spec.Seed, Pool(train));
        Assert.Equal(pool.CoarseCentroids.Select(BitConverter.SingleToInt32Bits), plan.Clusters.CoarseCentroids.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(pool.Assignments, _hosts.Values.SelectMany(h => h.Data(Spec).TrainClusters));
        Assert.Equal(pool.Sizes, plan.Sizes());

        PreparedData known = _hosts["a"].Prepare(Spec, CancellationToken.None);
        Assert.Equal((pool.Assignments.Count, plan.Fingerprint), (known.TrainCount, known.Fingerprint));
        Assert.Equal(pool.Priors, known.Priors);
        Assert.Equal(known.ClusterReport, _hosts["b"].Prepare(Spec, CancellationToken.None).ClusterReport);
    }

    [Fact]
    public async Task Each_host_holds_out_images_of_its_own()
    {
        HostPlan plan = await PlanAsync(Spec);
        foreach ((string host, LearningRuntime learning) in _hosts)
        {
            DataSplits splits = SplitsOf(learning, host, plan);
            Assert.Equal(host == "a" ? 300 : 500, splits.Train.Count + splits.Validation.Count + splits.Test.Count);
            Assert.NotEmpty(splits.Validation.Ids.ToArray());
        }

        // Ids of two hosts never meet, so that keyed draws differ.
        long[] ids = [.. _hosts.SelectMany(h => SplitsOf(h.Value, h.Key, plan).Train.Ids.ToArray())];
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public async Task Host_whose_images_have_changed_is_refused_by_name()
    {
        HostPlan plan = HostPlan.FromJson((await PlanAsync(Spec)).ToJson());
        HostFolders.Write(Path.Combine(_folder.Path, "b"), 3, 500);
        var again = new LearningRuntime(new DatasetCatalog([Path.Combine(_folder.Path, "b")]));
        DatasetException e = Assert.Throws<DatasetException>(() => again.Adopt(Spec, "b", plan));
        Assert.Contains("host 'b'", e.Message, StringComparison.Ordinal);
        Assert.Contains("changed", e.Message, StringComparison.Ordinal);
        Assert.False(e.IsNotFound);
        Assert.Empty(again.AdoptedPlan(Spec));
        new LearningRuntime(new DatasetCatalog([Path.Combine(_folder.Path, "a")])).Adopt(Spec, "a", plan);
    }

    [Fact]
    public async Task Host_that_was_not_there_at_the_beginning_has_no_part()
    {
        HostPlan plan = await PlanAsync(Spec);
        Assert.Contains("host 'c' is no part", Assert.Throws<DatasetException>(() => _hosts["a"].Adopt(Spec, "c", plan)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Looker_on_assigns_its_images_in_the_terms_of_the_run()
    {
        HostPlan plan = await PlanAsync(Spec);
        var client = new LearningRuntime(new DatasetCatalog([HostFolders.Write(Path.Combine(_folder.Path, "client"), 9, 200)]));
        client.Adopt(Spec, null, plan);
        Assert.Equal(plan.Fingerprint, client.Prepare(Spec, CancellationToken.None).Fingerprint);
        Assert.Equal(plan.Clusters.CoarseCentroids, client.Clusters(Spec).CoarseCentroids);
        Assert.Equal(client.Clusters(Spec).AssignNew(client.Data(Spec).Splits.Train), client.Data(Spec).TrainClusters);
    }

    [Fact]
    public void Images_of_two_sizes_do_not_go_together()
    {
        HostFolders.Write(Path.Combine(_folder.Path, "b"), 2, 100, size: 12);
        HostSurvey[] surveys = [.. _hosts.Select(h => h.Value.Survey(Spec, h.Key))];
        string message = Assert.Throws<DatasetException>(() => HostClustering.Features(Spec, surveys)).Message;
        Assert.Contains("(1, 8, 8) images on host 'a'", message, StringComparison.Ordinal);
        Assert.Contains("(1, 12, 12) on host 'b'", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Classes_of_all_hosts_together_are_the_run_s()
    {
        HostSurvey[] surveys = [.. (await SurveyAsync(Spec)).Select((s, i) => s with { ClassNames = i == 0 ? ["cat", "dog"] : ["ant", "cat"] })];
        Assert.Equal(["ant", "cat", "dog"], HostClustering.Plan(Spec with { Experts = new ExpertsSpec { Count = 1 } }, surveys, null, null).ClassNames);
    }

    [Fact]
    public void Data_of_hosts_is_not_clustered_by_one_of_them() =>
        Assert.Contains(
            "only a run brings together", Assert.Throws<DatasetException>(() => _hosts["a"].Prepare(Spec, CancellationToken.None)).Message, StringComparison.Ordinal);

    private static ImageDataset Pool(ImageDataset[] parts) => new(
        "pool",
        "train",
        1,
        8,
        8,
        [.. parts.SelectMany(p => p.Pixels.ToArray())],
        [.. parts.SelectMany(p => p.Labels.ToArray())],
        parts[0].ClassNames,
        [.. parts.SelectMany(p => p.Ids.ToArray())]);

    private static ImageDataset Train(LearningRuntime learning, string host, HostPlan plan) => SplitsOf(learning, host, plan).Train;

    private static DataSplits SplitsOf(LearningRuntime learning, string host, HostPlan plan)
    {
        learning.Adopt(Spec, host, plan);
        return learning.Data(Spec).Splits;
    }

    private Task<HostSurvey[]> SurveyAsync(RunSpec spec) => Task.FromResult(_hosts.Select(h => h.Value.Survey(spec, h.Key)).ToArray());

    private async Task<HostPlan> PlanAsync(RunSpec spec)
    {
        HostSurvey[] surveys = await SurveyAsync(spec);
        FeatureState features = HostClustering.Features(spec, surveys)!;
        KMeansResult fine = await HostClustering.FineAsync(spec, features, [.. _hosts.Select(h => h.Value.Points(spec, h.Key, features))]);
        HostPlan plan = HostClustering.Plan(spec, surveys, features, fine);
        return plan with
        {
            Shares = [.. _hosts.Select(h =>
            {
                HostAssignment own = h.Value.Assign(spec, h.Key, plan);
                int[] counts = [.. Enumerable.Range(0, 3).Select(k => own.Clusters.Count(c => c == k))];
                return new HostShare(h.Key, own.Clusters.Count, own.Fingerprint, [counts], own.Labels);
            })],
        };
    }
}
