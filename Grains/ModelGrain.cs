using Microsoft.Extensions.Logging;

using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Grains.State;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>
/// A model in training: queues one bounded slice after another on a slot of its silo and keeps what must survive as artifacts with
/// references in its state. Recovery: each activation that trains raises the term, opens the newest good checkpoint that the state
/// or the checkpoint index knows (missing and corrupt ones are passed over) and goes on; the run calls
/// <see cref="StartAsync"/> again where an activation died. A state written by a newer activation ends this one. While the database is
/// away it trains on, and publishes its checkpoints when the database is back.
/// Key format: <c>model/NAME/ROLE</c>.
/// </summary>
internal abstract partial class ModelGrain(IPersistentState<ModelState> state, ModelServices services) : Grain, IModelGrain
{
    private readonly ILogger _logger = services.Loggers.CreateLogger<ModelGrain>();
    private readonly List<MetricPoint> _points = [];
    private StateRow<ModelState> _row = null!;
    private CancellationTokenSource _stop = new();
    private Task _training = Task.CompletedTask;
    private Task _publishing = Task.CompletedTask;
    private ModelStatus? _live;
    private string? _lacking;
    private DeviceNeeds _needs = DeviceNeeds.None;
    private bool _leaving;
    private string _run = string.Empty;
    private string _role = string.Empty;

    /// <summary>The run's name.</summary>
    protected string RunName => _run;

    /// <summary>Which model of the run.</summary>
    protected ModelRole Role => ModelRole.Parse(_role);

    /// <summary>What the grain needs from its silo.</summary>
    protected ModelServices Services => services;

    /// <summary>What it remembers.</summary>
    protected ModelState State => _row.Value;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        string key = this.GetPrimaryKeyString();
        (_run, _role) = GrainKeys.ModelName(key);
        RunOptions options = services.Options.Value;
        Retry retry = options.Retry(options.StorePatience, services.Clock, (int)this.GetGrainId().GetUniformHashCode());
        _row = new StateRow<ModelState>($"'{key}'", state, retry, e => LogWaiting(_role, e.Message));
        _points.Clear();
        _points.AddRange(State.Points);
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _leaving = true;
        _row?.Leave();
        await _stop.CancelAsync();
        await _training.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task<ModelStatus> StartAsync(ModelStart start, CancellationToken cancellation = default)
    {
        DeviceNeeds.ClearHint();
        Require("start", start.RunTerm, Math.Max(State.RunTerm, State.StoppedTerm + 1));
        if (State.SpecHash != start.SpecHash || (State.Fingerprint.Length > 0 && start.Fingerprint.Length > 0 && State.Fingerprint != start.Fingerprint))
        {
            // Another run; one of the same spec has other data where the one before was given up while this model could not be reached.
            await EndTrainingAsync();
            _row.Value = new ModelState { SpecHash = start.SpecHash, Term = State.Term, StoppedTerm = State.StoppedTerm };
            _points.Clear();
            _live = null;
        }

        State.RunTerm = start.RunTerm;
        State.Fingerprint = start.Fingerprint.Length > 0 ? start.Fingerprint : State.Fingerprint;
        bool finished = State.Phase == ModelPhase.Done && State.Weights is { } weights
            && await services.Slots.RunAsync(Lane.Training, () => services.Checkpoints.IsGood(weights), cancellation, WorkWatch.ShortWork);
        Require("start", start.RunTerm, State.StoppedTerm + 1);
        bool givenUp = State.Phase == ModelPhase.Faulted && !start.Retry;
        if (_training.IsCompleted && !finished && !givenUp && !_leaving && !_row.IsLost)
        {
            _stop.Dispose();
            _stop = new CancellationTokenSource();
            State.Phase = ModelPhase.Training;
            State.Message = null;
            State.Weights = null;
            _live = null;
            _training = TrainAsync(start, SpecJson.Read(start.Spec), _stop.Token);
        }

        return Status();
    }

    public async Task<ModelStatus> StopAsync(long runTerm, CancellationToken cancellation = default)
    {
        Require("stop", runTerm, State.RunTerm);
        State.RunTerm = runTerm;
        bool news = State.StoppedTerm < runTerm;
        State.StoppedTerm = Math.Max(State.StoppedTerm, runTerm);
        Task ended = EndAsync();
        await Task.WhenAny(ended, Task.Delay(services.Options.Value.StopPatience, services.Clock, cancellation));
        return ended.IsCompleted ? Status() : Status() with { Phase = ModelPhase.Training, Waiting = _row.Waiting ?? "its last slice" };

        async Task EndAsync()
        {
            Task ending = _training;
            await EndTrainingAsync();
            if (_training == ending && State.Phase is ModelPhase.Training or ModelPhase.Waiting)
            {
                // Whoever trained it is gone.
                State.Phase = ModelPhase.Stopped;
                news = true;
            }

            if (news && State.SpecHash.Length > 0 && !_row.IsLost)
            {
                await _row.SaveAsync().ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public Task<bool> MoveAsync(string silo, CancellationToken cancellation = default)
    {
        ActiveSilo? target = services.Silos.Active().FirstOrDefault(s => s.Name == silo);
        if (target is null || silo == services.Silos.Self || _leaving)
        {
            return Task.FromResult(false);
        }

        RequestContext.Set(IPlacementDirector.PlacementHintKey, target.Address);
        MigrateOnIdle();
        return Task.FromResult(true);
    }

    public Task<ModelStatus> GetStatusAsync(CancellationToken cancellation = default) => Task.FromResult(Status());

    public Task<ModelMetrics> GetMetricsAsync(CancellationToken cancellation = default) =>
        Task.FromResult(new ModelMetrics(_role, [.. _points]));

    /// <summary>Opens the model from scratch or from a checkpoint; runs on a slot.</summary>
    protected virtual ITrainingSession Open(RunSpec spec, string specHash, byte[]? checkpoint) =>
        services.Runtime.OpenTraining(spec, Role, checkpoint, specHash);

    /// <summary>The model is open, under a new term.</summary>
    protected virtual Task OnOpenedAsync(RunSpec spec, string specHash, TrainingLease lease, CancellationToken stop) => Task.CompletedTask;

    /// <summary>Waits until there is something to do for a slice.</summary>
    protected virtual Task BeforeSliceAsync(TrainingLease lease, CancellationToken stop) => Task.CompletedTask;

    /// <summary>Training has ended, one way or the other.</summary>
    protected virtual Task OnClosedAsync() => Task.CompletedTask;

    /// <summary>The island that trains the model, if one does and has begun in this activation.</summary>
    protected virtual IslandStatus? Island() => null;

    private async Task EndTrainingAsync()
    {
        await _stop.CancelAsync();
        await _training.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Require(string what, long runTerm, long least)
    {
        if (runTerm < least)
        {
            throw new StaleTermException($"The {what} of {_role}", runTerm, Math.Max(State.RunTerm, State.StoppedTerm));
        }
    }

    private ModelStatus Status() => (_live ?? new ModelStatus { Role = _role, Step = State.Checkpoints.LastOrDefault()?.Step ?? 0 }) with
    {
        Phase = State.Phase,
        Term = State.Term,
        Steps = State.Steps,
        Checkpoints = [.. State.Checkpoints],
        Best = State.Best,
        Weights = State.Weights,
        Message = State.Message,
        Island = Island() ?? State.Island,
        Waiting = _row.Waiting ?? (State.Phase == ModelPhase.Waiting ? _lacking : null),
        Silo = services.Silos.Self,
        From = State.FromTerm == State.Term ? State.From : null,
        Device = State.Device,
        ValidationLoss = _points.LastOrDefault(p => p.Name == MetricNames.Validation)?.Value,
    };

    private async Task TrainAsync(ModelStart start, RunSpec spec, CancellationToken stop)
    {
        // Leaves the caller's turn: what follows runs in turns of its own.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        try
        {
            _needs = DeviceNeeds.Of(spec, start.DeviceMemory);
            if (_needs.Fits(services.Devices.Value.Facts))
            {
                await RunToEndAsync(start, spec, stop);
            }
            else
            {
                // The call came to where the model was for another reason, e.g. a question.
                await LackAsync(_needs.ToString(), $"it has {services.Devices.Value.Facts.Kind}", start.SpecHash);
            }
        }
        catch (Exception e) when (_row.IsLost || e is InconsistentStateException or StaleTermException)
        {
            GiveUp(e.Message);
        }
        catch (Exception e) when ((_leaving || stop.IsCancellationRequested) && e is OperationCanceledException or ObjectDisposedException)
        {
            // Stopped; or the silo's time to end was over, which is no fault of the model.
            State.Phase = ModelPhase.Stopped;
        }
        catch (DatasetException e) when (services.Options.Value.WaitForData)
        {
            await WaitElsewhereAsync($"a silo with data '{spec.Data.Name}' ({services.Silos.Self}: {e.Message})", start.SpecHash);
        }
        catch (ArtifactException e) when (e.IsUnwritable && services.Options.Value.WaitForData)
        {
            await WaitElsewhereAsync($"a silo that can store artifacts ({services.Silos.Self}: {e.Message})", start.SpecHash);
        }
        catch (DeviceMemoryException e) when (services.Options.Value.WaitForData)
        {
            await WaitElsewhereAsync($"a device with free memory ({services.Silos.Self}: {e.Message})", start.SpecHash);
        }
        catch (Exception e)
        {
            await FaultAsync(e, start.SpecHash);
        }
        finally
        {
            await OnClosedAsync();
            services.Checkpoints.Close(_run, _role);
            DelayDeactivation(TimeSpan.Zero);
        }
    }

    [LoggerMessage(EventId = 1021, Level = LogLevel.Warning, Message = "{Role}: a newer activation has taken over: {Reason}")]
    private partial void LogSuperseded(string role, string reason);

    [LoggerMessage(EventId = 1022, Level = LogLevel.Debug, Message = "{Role}: the run could not be told: {Reason}")]
    private partial void LogUntold(string role, string reason);

    [LoggerMessage(EventId = 1023, Level = LogLevel.Error, Message = "{Role} faulted")]
    private partial void LogFault(Exception exception, string role);

    [LoggerMessage(EventId = 1024, Level = LogLevel.Warning, Message = "{Role} waits for the database: {Reason}")]
    private partial void LogWaiting(string role, string reason);

    [LoggerMessage(EventId = 1025, Level = LogLevel.Information, Message = "{Role} waits for {Lacking}")]
    private partial void LogLacking(string role, string lacking);
}
