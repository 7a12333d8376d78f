using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>A silo of its own for each test, on which six peers train the models of run <c>r</c> with learning that needs no tensors.</summary>
public abstract class IslandTest : IAsyncLifetime
{
    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private protected FakeIslandRuntime Runtime { get; } = new();

    private protected RunFolder Folder { get; set; } = new();

    private protected EmbeddedSilo Silo { get; set; } = null!;

    public async Task InitializeAsync() => Silo = await StartAsync();

    public async Task DisposeAsync()
    {
        await Silo.DisposeAsync();
        Folder.Dispose();
    }

    private protected static RunSpec Spec(string protocol) => new()
    {
        Name = "r",
        Seed = 3,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, Batch = 8, CheckpointSeconds = 0 },
        Islands = new IslandsSpec { Peers = 6, Protocol = protocol, Shards = "iid", MinSamples = 1, LocalSteps = 4, SampleSize = 3 },
    };

    // The router's few images make a single round.
    private protected static IEnumerable<ModelStatus> Experts(RunStatus status) => status.Models.Where(m => m.Role != "router");

    private protected IRunGrain Run() => Silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));

    private protected IPeerGrain Peer(string role, int number) => Silo.Client.GetGrain<IPeerGrain>(GrainKeys.Peer("r", role, number, "embedded"));

    private protected Task<EmbeddedSilo> StartAsync() => EmbeddedSilo.StartAsync(new EmbeddedSiloOptions
    {
        RunFolder = Folder,
        Learning = Runtime,
        Slots = 24, // trainings that a test holds up must not keep other models' from a slot
        Slice = TimeSpan.FromMilliseconds(50),
        LogLevel = LogLevel.None,
    });

    private protected async Task<RunStatus> EndAsync()
    {
        RunStatus? status = null;
        await Until.HoldsAsync(async () => (status = await Run().GetStatusAsync()).Phase is RunPhase.Ready or RunPhase.Faulted or RunPhase.Stopped);
        return status!;
    }
}
