using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class RunLifeTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly RunFolder _folder = new();
    private readonly FakeRuntime _runtime = new();
    private EmbeddedSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await StartAsync();

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Submitted_run_ends_ready_with_the_weights_of_every_model()
    {
        RunSpec spec = Spec("a");
        SubmitReply reply = await Run("a").SubmitAsync(SpecJson.Write(spec));
        Assert.False(reply.Attached);

        List<RunEvent> events = await WatchAsync(Run("a"));
        RunStatus status = await Run("a").GetStatusAsync();

        Assert.Equal(RunPhase.Ready, status.Phase);
        Assert.Equal(["expert-0", "expert-1", "router"], status.Models.Select(m => m.Role));
        foreach (ModelStatus model in status.Models)
        {
            Assert.Equal(ModelPhase.Done, model.Phase);
            Assert.Equal(spec.Training.Steps, model.Step);
            Assert.Equal(FakeRuntime.ExpectedWeights(spec, ModelRole.Parse(model.Role)), _silo.Artifacts.Read(model.Weights!.Sha256));
        }

        Assert.Equal(Enumerable.Range(1, events.Count(e => e.Number > 0)).Select(n => (long)n), events.Where(e => e.Number > 0).Select(e => e.Number));
        Assert.Equal(3, events.Count(e => e.Kind == RunEventKind.Done));
        Assert.Equal(RunPhase.Ready, events[^1].Phase);
        Assert.Equal(0, _runtime.OpenSessions);
        Assert.All(_runtime.WorkThreads, t => Assert.StartsWith("slot-", t, StringComparison.Ordinal));
    }

    private async Task<EmbeddedSilo> StartAsync() => await EmbeddedSilo.StartAsync(new EmbeddedSiloOptions
    {
        RunFolder = _folder,
        Learning = _runtime,
        Slots = 2,
        Slice = TimeSpan.FromMilliseconds(50),
    });

    private static RunSpec Spec(string name) => new()
    {
        Name = name,
        Seed = 7,
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0.001 },
    };

    private IRunGrain Run(string name) => _silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));

    private static async Task<List<RunEvent>> WatchAsync(IRunGrain run, long after = 0)
    {
        using var late = new CancellationTokenSource(Patience);
        var events = new List<RunEvent>();
        await foreach (RunEvent e in run.WatchAsync(after).WithCancellation(late.Token))
        {
            events.Add(e);
        }

        return events;
    }
}
