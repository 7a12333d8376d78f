using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Graphs and options of a run's own choice, on grains.</summary>
public sealed class IslandChoicesTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RunFolder _folder = new();
    private EmbeddedSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await EmbeddedSilo.StartAsync(new EmbeddedSiloOptions
    {
        RunFolder = _folder,
        Learning = new FakeIslandRuntime(),
        Slots = 2,
        Slice = TimeSpan.FromMilliseconds(50),
        LogLevel = LogLevel.None,
    });

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Plain_dfedsam_runs_on_the_graph_of_a_file()
    {
        RunStatus status = await RunAsync(Spec("0 1\n1 2\n2 3\n") with { Options = ["gossipSteps=1"] });
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        foreach (ModelStatus model in status.Models)
        {
            // A path has 3 edges, so 6 models go out for the 4 trainings of a round. Four gossip steps would send 24, and all to all 12.
            PeerCounts counts = model.Island!.Counts;
            Assert.Equal(model.Island.Rounds, model.Island.Round);
            Assert.InRange(counts.ModelsReceived, 1, 2 * counts.Trainings);
        }
    }

    [Fact]
    public async Task Graph_in_parts_faults_the_run_with_a_mend()
    {
        RunStatus status = await RunAsync(Spec("0 1\n2 3\n"));
        Assert.Equal(RunPhase.Faulted, status.Phase);
        Assert.Contains("islands.topologyFile", status.Message, StringComparison.Ordinal);
        Assert.Contains("in 2 parts", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_that_the_protocol_has_not_are_refused_with_the_submit()
    {
        BadRequestException e = await Assert.ThrowsAsync<BadRequestException>(() => RunAsync(Spec("0 1\n1 2\n2 3\n") with { Options = ["fanout=2"] }));
        Assert.Contains("islands.options", e.Message, StringComparison.Ordinal);
    }

    private async Task<RunStatus> RunAsync(IslandsSpec islands)
    {
        IRunGrain run = _silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));
        await run.SubmitAsync(SpecJson.Write(new RunSpec
        {
            Name = "r",
            Seed = 3,
            Experts = new ExpertsSpec { Count = 2 },
            Training = new TrainingSpec { Steps = 40, Batch = 8, CheckpointSeconds = 0 },
            Islands = islands,
        }));
        using var late = new CancellationTokenSource(Patience);
        await foreach (RunEvent _ in run.WatchAsync(0).WithCancellation(late.Token))
        {
        }

        return await run.GetStatusAsync();
    }

    private IslandsSpec Spec(string edges)
    {
        string path = _folder.File("edges.txt");
        File.WriteAllText(path, edges);
        return new IslandsSpec { Peers = 4, Protocol = "dfedsam", Shards = "iid", MinSamples = 1, LocalSteps = 5, Topology = "file", TopologyFile = path };
    }
}
