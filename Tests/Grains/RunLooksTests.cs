using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

using Microsoft.Extensions.DependencyInjection;

using Orleans.Hosting;
using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>How a run looks after its models, on a silo whose calls can fail.</summary>
public sealed class RunLooksTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeRuntime _runtime = new();
    private readonly RunFolder _folder = new();
    private readonly Dictionary<string, int> _starts = [];
    private SharedSilo _silo = null!;

    /// <summary>Called before a model is asked to start, with its role and how often it was asked; may throw.</summary>
    private Action<string, ModelStart, int> BeforeStart { get; set; } = (_, _, _) => { };

    /// <summary>Called before a model is asked to stop; may throw.</summary>
    private Action BeforeStop { get; set; } = () => { };

    public async Task InitializeAsync()
    {
        _silo = await SharedSilo.StartAsync(_folder, _runtime, "a", silo => silo.AddIncomingGrainCallFilter(async call =>
        {
            if (call.InterfaceMethod.Name == nameof(IModelGrain.StartAsync) && call.Request.GetArgument(0) is ModelStart start)
            {
                string role = GrainKeys.ModelName(call.TargetId.Key.ToString()!).Role;
                int count;
                lock (_starts)
                {
                    count = _starts[role] = _starts.GetValueOrDefault(role) + 1;
                }

                BeforeStart(role, start, count);
            }

            if (call.InterfaceMethod.Name == nameof(IModelGrain.StopAsync) && call.TargetId.Key.ToString()!.StartsWith("model/", StringComparison.Ordinal))
            {
                BeforeStop();
            }

            await call.Invoke();
        }));
        _silo.RunSettings.PollPeriod = TimeSpan.FromMilliseconds(30);
        _silo.RunSettings.RetryPause = TimeSpan.FromMilliseconds(10);
    }

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        SqliteSchema.Close(_folder.File("state.db"));
        _folder.Dispose();
    }

    [Fact]
    public async Task Model_that_is_done_is_not_asked_again()
    {
        _runtime.BeforeStep = (role, step, stop) => !role.IsRouter || step < 8 || stop.WaitHandle.WaitOne(1) & false;
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(2)));
        await UntilAsync(s => s.Models.SkipLast(1).All(m => m.Phase == ModelPhase.Done));
        int experts = Starts("expert-0") + Starts("expert-1");
        int router = Starts("router");
        await UntilAsync(_ => Starts("router") >= router + 10);
        Assert.InRange(Starts("expert-0") + Starts("expert-1"), experts, experts + 2); // one call each may have been under way
        _runtime.BeforeStep = (_, _, _) => true;
        await UntilAsync(s => s.Phase == RunPhase.Ready);
    }

    [Fact]
    public async Task Faulted_model_that_cannot_be_reached_at_once_is_tried_again_all_the_same()
    {
        _runtime.BeforeStep = (role, step, _) => role != ModelRole.Expert(1) || step < 10 ? true : throw new TrainingDivergedException("The loss is NaN.");
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(2)));
        await UntilAsync(s => s.Phase == RunPhase.Faulted);
        _runtime.BeforeStep = (_, _, _) => true;
        int before = Starts("expert-1");
        BeforeStart = (role, _, count) => Throw(role == "expert-1" && count <= before + 2, new SiloUnavailableException());
        await _silo.Run().ResumeAsync();
        await UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        RunStatus status = await _silo.Run().GetStatusAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
    }

    [Fact]
    public async Task Model_whose_silo_is_going_is_asked_again()
    {
        BeforeStart = (role, _, count) => Throw(role == "expert-1" && count <= 2, count == 1 ? new ObjectDisposedException("slot 0") : new TaskCanceledException());
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(2)));
        RunStatus status = await UntilAsync(s => s.Phase is RunPhase.Ready or RunPhase.Faulted);
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
    }

    [Fact]
    public async Task Model_that_cannot_be_started_for_another_reason_faults_the_run_whenever_that_is()
    {
        _runtime.BeforeStep = (_, step, stop) => step < 8 || stop.WaitHandle.WaitOne(1) & false;
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(2)));
        await UntilAsync(s => s.Phase == RunPhase.Training && Starts("expert-1") > 2);
        BeforeStart = (role, _, _) => Throw(role == "expert-1", new InvalidOperationException("no such thing"));
        RunStatus status = await UntilAsync(s => s.Phase is RunPhase.Faulted);
        Assert.Contains("expert-1", status.Message, StringComparison.Ordinal);
        Assert.Contains("no such thing", status.Message, StringComparison.Ordinal);
        Assert.Equal(0, _runtime.OpenSessions);
    }

    [Fact]
    public async Task Run_that_is_given_up_for_a_smaller_one_leaves_nothing()
    {
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(4)));
        await UntilAsync(s => s.Phase == RunPhase.Ready);
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(1)), force: true);
        RunStatus status = await UntilAsync(s => s.Phase == RunPhase.Ready);
        ModelStatus model = Assert.Single(status.Models);
        Assert.Equal(2, _folder.StoredStates());
        string[] kept = [.. model.Checkpoints.Append(model.Best!).Select(c => c.Artifact).Append(model.Weights!).Select(a => a.Sha256).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(kept, Directory.EnumerateFiles(_folder.File("artifacts"), "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reports_that_come_late_or_are_of_a_past_term_or_about_another_spec_set_nothing_back()
    {
        // One slice ends at step 8, and the next one does not end: nothing but the reports below reaches the run.
        int held = 0;
        _silo.RunSettings.PollPeriod = TimeSpan.FromMinutes(10);
        _runtime.BeforeStep = (_, step, stop) => step < 8 || (Interlocked.Increment(ref held) > 1 && stop.WaitHandle.WaitOne(Patience) & false);
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(1)));
        RunStatus before = await UntilAsync(s => Volatile.Read(ref held) > 1 && s.Models is [{ Step: 8, Phase: ModelPhase.Training }]);
        ModelStatus model = before.Models[0];
        await _silo.Run().ReportAsync(new ModelReport(before.SpecHash, model with { Step = 3, Loss = 99 }, null, []));
        await _silo.Run().ReportAsync(new ModelReport("another", model with { Phase = ModelPhase.Faulted, Message = "of no concern" }, null, []));
        await Assert.ThrowsAsync<StaleTermException>(
            () => _silo.Run().ReportAsync(new ModelReport(before.SpecHash, model with { Term = model.Term - 1, Phase = ModelPhase.Done }, null, [])));
        RunStatus after = await _silo.Run().GetStatusAsync();
        Assert.Equal((RunPhase.Training, null), (after.Phase, after.Message));
        Assert.Equal((model.Term, 8, model.Loss, ModelPhase.Training), (after.Models[0].Term, after.Models[0].Step, after.Models[0].Loss, after.Models[0].Phase));
        Assert.Equal(before.LastEvent, after.LastEvent);
        await _silo.Run().StopAsync();
    }

    [Fact]
    public async Task Run_that_never_trained_can_be_removed()
    {
        _runtime.OnPrepare = (_, _) => throw new FileNotFoundException("No data set 'x'.");
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(2)));
        await UntilAsync(s => s.Phase == RunPhase.Faulted);
        await _silo.Run().RemoveAsync();
        Assert.Equal(0, _folder.StoredStates());
        Assert.Equal(RunPhase.None, (await _silo.Run().GetStatusAsync()).Phase);
    }

    [Fact]
    public async Task Calls_that_are_tried_again_are_counted()
    {
        long counted = 0;
        IMeterFactory own = _silo.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "ddm.retries" && ReferenceEquals(instrument.Meter.Scope, own))
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
        _runtime.BeforeStep = (_, step, stop) => step < 8 || stop.WaitHandle.WaitOne(1) & false;
        await _silo.Run().SubmitAsync(SpecJson.Write(Spec(1)));
        await UntilAsync(s => s.Phase == RunPhase.Training);
        int stops = 0;
        BeforeStop = () => Throw(++stops <= 3, new SiloUnavailableException());
        Assert.Equal(RunPhase.Stopped, (await _silo.Run().StopAsync()).Phase);
        Assert.Equal(4, stops);
        Assert.InRange(Interlocked.Read(ref counted), 3, 10);
    }

    [Fact]
    public void Models_of_a_run_with_peers_are_islands()
    {
        RunSpec plain = Spec(2);
        RunSpec islands = plain with { Islands = new IslandsSpec { Peers = 4 } };
        foreach (ModelRole role in ModelRole.Of(2))
        {
            string key = GrainKeys.Model("r", role.ToString());
            Assert.Equal(_silo.Client.GetGrain<IIslandGrain>(key).GetGrainId(), _silo.Client.GetModel("r", islands, role).GetGrainId());
            IModelGrain own = role.IsRouter ? _silo.Client.GetGrain<IRouterGrain>(key) : _silo.Client.GetGrain<IExpertGrain>(key);
            Assert.Equal(own.GetGrainId(), _silo.Client.GetModel("r", plain, role).GetGrainId());
        }
    }

    private static RunSpec Spec(int experts) => new()
    {
        Name = "r",
        Seed = 7,
        Experts = new ExpertsSpec { Count = experts },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 },
    };

    private static void Throw(bool when, Exception exception)
    {
        if (when)
        {
            throw exception;
        }
    }

    private int Starts(string role)
    {
        lock (_starts)
        {
            return _starts.GetValueOrDefault(role);
        }
    }

    private Task<RunStatus> UntilAsync(Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        Until.SeenAsync<RunStatus>(async () => await _silo.Run().GetStatusAsync(), holds, Patience, what);
}
