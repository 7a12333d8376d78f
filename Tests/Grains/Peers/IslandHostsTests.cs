using Microsoft.Extensions.Logging;

using Orleans.TestingHost;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Learning.Islands;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Two silos that have different images under the same name and train real networks on them.</summary>
public sealed class IslandHostsTests : IAsyncLifetime
{
    private static readonly ModelSpec Mlp = new() { Kind = "mlp", Width = 16, Depth = 1, Heads = 1, Patch = 1 };

    private readonly RunFolder _folder = new();
    private readonly Dictionary<string, LearningRuntime> _learning = [];
    private IslandCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await IslandCluster.StartAsync(
        _folder,
        2,
        name =>
        {
            lock (_learning)
            {
                bool first = !_learning.ContainsKey(name);
                if (first)
                {
                    HostFolders.Write(Root(name), (ulong)(_learning.Count + 1), 200 + (100 * _learning.Count));
                }

                return _learning[name] = new LearningRuntime(new DatasetCatalog([Root(name)]));
            }
        },
        configure: o => (o.PollPeriod, o.SearchPeriod, o.WaitForData) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300), true));

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Hosts_train_on_images_that_stay_where_they_are()
    {
        RunSpec spec = Spec(200);
        await _cluster.Run("r").SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await UntilAsync(s => s.Phase == RunPhase.Ready);

        TrainingData[] data = [.. _cluster.Names.Select(n => _learning[n].Data(spec))];
        Assert.Equal(data.Sum(d => d.TrainClusters.Count), status.Data!.TrainCount);
        Assert.Equal(
            Enumerable.Range(0, 2).Select(k => (double)data.Sum(d => d.TrainClusters.Count(c => c == k)) / status.Data.TrainCount), status.Data.Priors);
        Assert.Null(status.Message);
        Assert.All(status.Models, m => Assert.Equal((4, 0, m.Island!.Rounds), (m.Island.Peers, m.Island.Unreachable, m.Island.Round)));
        Assert.All(status.Models, m => Assert.True(double.IsFinite(m.ValidationLoss!.Value)));

        // Two peers on each host, with equal shares of what is there.
        Assert.All(data, d => Assert.Equal(1.0, d.Splits.Train.Ids.ToArray().Distinct().Count() / (double)d.TrainClusters.Count));
        Assert.NotEqual(data[0].Splits.Train.Hash, data[1].Splits.Train.Hash);
    }

    [Fact]
    public async Task Host_that_comes_back_with_other_images_is_refused_by_name_and_the_rest_goes_on()
    {
        await _cluster.Run("r").SubmitAsync(SpecJson.Write(Spec(1500)));
        await UntilAsync(s => s.Models.Length == 3 && s.Models.All(m => m.Island?.Round >= 2));
        RunStatus stopped = await _cluster.Run("r").StopAsync();
        Assert.Equal(RunPhase.Stopped, stopped.Phase);

        InProcessSiloHandle other = _cluster.Silos.Silos[1];
        HostFolders.Write(Root(other.Name), 77, 300);
        await _cluster.Silos.RestartSiloAsync(other);
        await _cluster.Run("r").ResumeAsync();
        RunStatus going = await UntilAsync(s => s.Phase == RunPhase.Training && s.Models.All(m => m.Island?.Unreachable == 2));
        Assert.Contains($"Host '{other.Name}' takes no part", going.Message, StringComparison.Ordinal);
        Assert.Contains("its images have changed", going.Message, StringComparison.Ordinal);
        Assert.Equal(stopped.Data!.Fingerprint, going.Data!.Fingerprint);
        RunStatus end = await UntilAsync(s => s.Phase == RunPhase.Ready);
        Assert.All(end.Models, m => Assert.Equal((ModelPhase.Done, m.Island!.Rounds), (m.Phase, m.Island.Round)));
        Assert.DoesNotContain(end.Models, m => m.Silo == other.Name);
    }

    [Fact]
    public async Task Run_whose_only_host_has_other_images_now_faults_and_names_it()
    {
        using var folder = new RunFolder();
        HostFolders.Write(folder.File("images"), 4, 200);
        RunSpec spec = Spec(1500) with { Islands = Spec(1500).Islands with { MinHosts = 1 } };
        await using (EmbeddedSilo silo = await StartAsync(folder))
        {
            IRunGrain run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));
            await run.SubmitAsync(SpecJson.Write(spec));
            await Until.SeenAsync(() => run.GetStatusAsync()!, s => s.Models.Length == 3 && s.Models.All(m => m.Island?.Round >= 2));
            Assert.Equal(RunPhase.Stopped, (await run.StopAsync()).Phase);
        }

        HostFolders.Write(folder.File("images"), 5, 200);
        await using (EmbeddedSilo silo = await StartAsync(folder))
        {
            IRunGrain run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));
            await run.ResumeAsync();
            RunStatus end = await Until.SeenAsync(() => run.GetStatusAsync()!, s => s.Phase == RunPhase.Faulted);
            Assert.Contains("on host 'embedded' is not what the run began with", end.Message, StringComparison.Ordinal);
        }

        // With the old images back it goes on.
        HostFolders.Write(folder.File("images"), 4, 200);
        await using (EmbeddedSilo silo = await StartAsync(folder))
        {
            IRunGrain run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));
            await run.ResumeAsync();
            RunStatus end = await Until.SeenAsync(() => run.GetStatusAsync()!, s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
            Assert.Equal((RunPhase.Ready, null), (end.Phase, end.Message));
        }
    }

    [Fact]
    public async Task Run_waits_for_as_many_hosts_as_it_wants()
    {
        await _cluster.Run("r").SubmitAsync(SpecJson.Write(Spec(100) with { Islands = Spec(100).Islands with { MinHosts = 3 } }));
        RunStatus waiting = await UntilAsync(s => s.Waiting is not null);
        Assert.Contains("is on 2 hosts, but islands.minHosts is 3", waiting.Waiting, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_host_needs_a_peer()
    {
        await _cluster.Run("r").SubmitAsync(SpecJson.Write(Spec(100) with { Islands = Spec(100).Islands with { Peers = 1, MinHosts = 1 } }));
        RunStatus end = await Until.SeenAsync(() => _cluster.Run("r").GetStatusAsync()!, s => s.Phase == RunPhase.Faulted);
        Assert.Contains("islands.peers is 1, but 2 hosts have images", end.Message, StringComparison.Ordinal);
    }

    private static Task<EmbeddedSilo> StartAsync(RunFolder folder) => EmbeddedSilo.StartAsync(new EmbeddedSiloOptions
    {
        RunFolder = folder.File("run"),
        Learning = new LearningRuntime(new DatasetCatalog([folder.File("images")])),
        Slots = 2,
        LogLevel = LogLevel.None,
    });

    private static RunSpec Spec(int steps) => new()
    {
        Name = "r",
        Seed = 5,
        Data = new DataSpec { Name = HostFolders.Name },
        Clustering = new ClusteringSpec { Dimensions = 4, FineCentroids = 8 },
        Experts = new ExpertsSpec { Count = 2 },
        Model = Mlp,
        Router = new RouterSpec { Model = Mlp, StepShare = 1, Batch = 8 },
        Training = new TrainingSpec { Steps = steps, Batch = 16, Warmup = 5, Validations = 2, LearningRate = 3e-3 },
        Islands = new IslandsSpec { Peers = 4, Shards = "hosts", MinHosts = 2, LocalSteps = 5, SampleSize = 2, MinSamples = 1, Batch = 8 },
    };

    private string Root(string silo) => _folder.File("images-" + silo);

    private Task<RunStatus> UntilAsync(Func<RunStatus, bool> holds) => Until.SeenAsync(
        () => _cluster.Run("r").GetStatusAsync()!,
        status =>
        {
            Assert.True(status.Phase != RunPhase.Faulted, status.Message);
            return holds(status);
        });
}
