using System.Diagnostics;
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
    private readonly FakeIslandRuntime _runtime = new() { ClassesByRow = true };
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
            string? graph = model.Island.Graph is { } g ? $"{g.Kind}: {g.Edges} edges, {g.LeastDegree} to {g.MostDegree} neighbours" : null;
            Assert.Equal(protocol is "dpsgd" or "decavg" or "dfedsam" or "diloco" ? "exponential: 6 edges, 3 to 3 neighbours" : null, graph);
            float[] weights = FakeIslandRuntime.Values(_silo.Artifacts.Read(model.Weights!.Sha256));

            // Two rounds draw from 0 towards targets around 31.5. On a busy machine the last mix may be with peers that have hardly begun; DiLoCo's momentum goes beyond.
            Assert.InRange(weights[0], 1, 60);
        }

        Assert.All(_runtime.WorkThreads, t => Assert.StartsWith("slot-", t, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Peers_learn_from_each_other_by_every_protocol(string protocol)
    {
        RunSpec spec = Sorted(protocol, rounds: 8);
        var clock = Stopwatch.StartNew();
        await Run().SubmitAsync(SpecJson.Write(spec));
        RunStatus status = await EndAsync();

        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        foreach (ModelStatus model in status.Models.Where(m => m.Role != "router"))
        {
            Assert.InRange(model.Island!.LongestWait, double.Epsilon, clock.Elapsed.TotalSeconds);
            Assert.True(model.Island.Counts.ModelsReceived > 0, model.Role);

            // One whose images lie around 7.5 never begins above that where it learns of nobody, or by momentum at most twice as high; the others are at 23.5, 39.5, 55.5.
            float[] starts;
            lock (_runtime.Trainings)
            {
                starts = [.. _runtime.Starts.Where(s => s.Role == model.Role && s.Target < 10).Select(s => s.Start)];
            }

            Assert.True(starts.Max() > 16, $"{model.Role}: {string.Join(", ", starts)}");
        }
    }

    [Theory]
    [InlineData("modest")]
    [InlineData("dpsgd")]
    public async Task Variance_of_models_is_corrected_where_the_spec_says_so(string protocol)
    {
        RunSpec spec = Sorted(protocol, rounds: 4);
        await Run().SubmitAsync(SpecJson.Write(spec with { Islands = spec.Islands with { Aggregation = "variance-corrected" } }));
        RunStatus status = await EndAsync();

        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        foreach (ModelStatus model in status.Models.Where(m => m.Role != "router"))
        {
            // A plain mean of models with equally many steps has as many: a multiple of those of a training.
            float steps = FakeIslandRuntime.Values(_silo.Artifacts.Read(model.Weights!.Sha256))[1];
            float over = steps % spec.Islands.LocalSteps;
            Assert.True(float.IsFinite(steps) && over is > 0.001f and < 4.999f, $"{model.Role}: {steps} steps");
        }
    }

    [Theory]
    [InlineData("samples")]
    [InlineData("uniform")]
    public async Task Peers_of_modest_weigh_as_the_spec_says(string weighting)
    {
        RunSpec spec = Sorted("modest", rounds: 8);
        string shards = Path.Combine(_folder, "shards.txt");
        await File.WriteAllLinesAsync(shards, ["0-39", "40-47", "48-55", "56-63"]);
        await Run().SubmitAsync(SpecJson.Write(spec with { Islands = spec.Islands with { Shards = "file", ShardsFile = shards, Weighting = weighting, SampleSize = 4 } }));
        RunStatus status = await EndAsync();

        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        foreach (ModelStatus model in status.Models.Where(m => m.Role != "router"))
        {
            // Targets of 19, 43, 51 and 59 with 20, 4, 4 and 4 images: 31 by samples, 43 if all count alike; after 6 rounds 1/64 of the way from 0 is left.
            float value = FakeIslandRuntime.Values(_silo.Artifacts.Read(model.Weights!.Sha256))[0];
            Assert.Equal(weighting == "samples", value < 37.5);
        }
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

    // Four peers with one class each, and so many rounds of each expert.
    private static RunSpec Sorted(string protocol, int rounds)
    {
        RunSpec spec = Spec(protocol);
        int trainers = protocol is "modest" or "fedavg" ? 3 : 4;
        return spec with
        {
            Training = spec.Training with { Steps = rounds * trainers * 5 },
            Islands = spec.Islands with { Shards = "label-sorted", ClassesPerPeer = 1 },
        };
    }

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
