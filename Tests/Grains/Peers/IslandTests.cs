using System.Diagnostics.Metrics;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class IslandTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RunFolder _folder = new();
    private readonly FakeIslandRuntime _runtime = new();
    private EmbeddedSilo _silo = null!;

    public static TheoryData<string> Protocols => [.. IslandsSpec.Protocols.Where(p => p != "isolated")];

    public async Task InitializeAsync() => _silo = await StartAsync();

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Every_protocol_trains_all_models_of_a_run(string protocol)
    {
        RunSpec spec = Spec(protocol);
        await Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await EndAsync();

        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        foreach (ModelStatus model in status.Models)
        {
            Assert.Equal((ModelPhase.Done, model.Steps), (model.Phase, model.Step));
            Assert.Equal(4, model.Island!.Peers);
            Assert.Equal(model.Island.Rounds, model.Island.Round);
            Assert.True(model.Island.Counts.Trainings >= model.Island.Rounds);
            Assert.Equal(0, model.Island.Counts.Refused);
            float[] weights = FakeIslandRuntime.Values(_silo.Artifacts.Read(model.Weights!.Sha256));
            Assert.InRange(weights[0], 10, 60); // the targets of all peers lie around 31.5; DiLoCo's momentum goes beyond
        }

        Assert.All(_runtime.WorkThreads, t => Assert.StartsWith("slot-", t, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Island_of_one_peer_trains_by_every_protocol(string protocol)
    {
        RunSpec spec = Spec(protocol) with { Islands = Spec(protocol).Islands with { Peers = 1 } };
        await Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await EndAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        Assert.All(status.Models, m => Assert.Equal((1, m.Island!.Rounds), (m.Island.Peers, m.Island.Round)));
    }

    [Fact]
    public async Task Steps_of_all_peers_are_counted()
    {
        object meters = _silo.Services.GetRequiredService<IMeterFactory>();
        long steps = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "ddm.training.steps" && instrument.Meter.Scope == meters)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref steps, value));
        listener.Start();
        RunSpec spec = Spec("modest");
        await Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await EndAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));

        // One may still be at its end.
        await Until.HoldsAsync(() => Interlocked.Read(ref steps) is > 0 and var counted && counted == Done() * spec.Islands.LocalSteps);

        long Done()
        {
            lock (_runtime.Trainings)
            {
                return _runtime.Trainings.Count;
            }
        }
    }

    private static RunSpec Spec(string protocol) => new()
    {
        Name = "r",
        Seed = 3,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, Batch = 8, CheckpointSeconds = 0 },
        Islands = new IslandsSpec { Peers = 4, Protocol = protocol, Shards = "iid", MinSamples = 1, LocalSteps = 5, SampleSize = 3 },
    };

    private IRunGrain Run() => _silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));

    private Task<EmbeddedSilo> StartAsync() => EmbeddedSilo.StartAsync(new EmbeddedSiloOptions
    {
        RunFolder = _folder,
        Learning = _runtime,
        Slots = 2,
        Slice = TimeSpan.FromMilliseconds(50),
        LogLevel = LogLevel.None,
    });

    private async Task<RunStatus> EndAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        await foreach (RunEvent _ in Run().WatchAsync(0).WithCancellation(late.Token))
        {
        }

        return await Run().GetStatusAsync();
    }
}
