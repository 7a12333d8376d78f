using Microsoft.Extensions.Logging;

using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.State;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>
/// A model in training: queues one bounded slice after another on a slot of its silo and keeps what must survive as artifacts with
/// references in its state. Recovery: each activation that trains raises the term, opens the newest good checkpoint that the state
/// or the checkpoint index knows (missing and corrupt ones are passed over) and goes on; the run calls
/// <see cref="StartAsync"/> again where an activation died. A state written by a newer activation ends this one.
/// Key format: <c>model/NAME/ROLE</c>.
/// </summary>
internal abstract partial class ModelGrain(IPersistentState<ModelState> state, ModelServices services) : Grain, IModelGrain
{
    private readonly ILogger _logger = services.Loggers.CreateLogger<ModelGrain>();
    private readonly List<MetricPoint> _points = [];
    private CancellationTokenSource _stop = new();
    private Task _training = Task.CompletedTask;
    private ModelStatus? _live;
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
    protected ModelState State => state.State;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_run, _role) = GrainKeys.ModelName(this.GetPrimaryKeyString());
        _points.Clear();
        _points.AddRange(State.Points);
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _leaving = true;
        await _stop.CancelAsync();
        await _training.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task<ModelStatus> StartAsync(ModelStart start, CancellationToken cancellation = default)
    {
        if (start.RunTerm < State.RunTerm)
        {
            throw new StaleTermException($"The start of {_role}", start.RunTerm, State.RunTerm);
        }

        if (State.SpecHash != start.SpecHash)
        {
            await EndTrainingAsync();
            if (State.Weights is { } old)
            {
                await services.Slots.RunAsync(Lane.Training, () => services.Checkpoints.Delete(old), cancellation);
            }

            state.State = new ModelState { SpecHash = start.SpecHash, Term = State.Term };
            _points.Clear();
            _live = null;
        }

        State.RunTerm = start.RunTerm;
        bool finished = State.Phase == ModelPhase.Done && State.Weights is { } weights
            && await services.Slots.RunAsync(Lane.Training, () => services.Checkpoints.IsGood(weights), cancellation);
        bool givenUp = State.Phase == ModelPhase.Faulted && !start.Retry;
        if (_training.IsCompleted && !finished && !givenUp)
        {
            _stop.Dispose();
            _stop = new CancellationTokenSource();
            State.Phase = ModelPhase.Training;
            State.Message = null;
            State.Weights = null;
            _live = null;
            _training = TrainAsync(SpecJson.Read(start.Spec), start.SpecHash, _stop.Token);
        }

        return Status();
    }

    public async Task<ModelStatus> StopAsync(CancellationToken cancellation = default)
    {
        await EndTrainingAsync();
        return Status();
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

    /// <summary>The island that trains the model, if one does.</summary>
    protected virtual IslandStatus? Island() => null;

    private async Task EndTrainingAsync()
    {
        await _stop.CancelAsync();
        await _training.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
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
        Island = Island(),
        ValidationLoss = _points.LastOrDefault(p => p.Name == MetricNames.Validation)?.Value,
    };

    private async Task TrainAsync(RunSpec spec, string specHash, CancellationToken stop)
    {
        // Leaves the caller's turn: what follows runs in turns of its own.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        try
        {
            await RunToEndAsync(spec, specHash, stop);
        }
        catch (Exception e) when (e is InconsistentStateException or StaleTermException)
        {
            LogSuperseded(_role, e.Message);
            State.Phase = ModelPhase.Stopped;
            DeactivateOnIdle();
        }
        catch (OperationCanceledException) when (_leaving || stop.IsCancellationRequested)
        {
            State.Phase = ModelPhase.Stopped;
        }
        catch (Exception e)
        {
            await FaultAsync(e, specHash);
        }
        finally
        {
            await OnClosedAsync();
            DelayDeactivation(TimeSpan.Zero);
        }
    }

    private async Task FaultAsync(Exception e, string specHash)
    {
        if (e is not TrainingDivergedException)
        {
            LogFault(e, _role);
        }

        State.Phase = ModelPhase.Faulted;
        State.Message = e is TrainingDivergedException
            ? $"{_role} diverged: {e.Message} Lower training.learningRate or set training.clipNorm; its last good checkpoint is of step {State.Checkpoints.LastOrDefault()?.Step ?? 0}."
            : $"{_role} failed: {e.Message}";
        try
        {
            await state.WriteStateAsync();
        }
        catch (Exception storage)
        {
            // The fault is still told to the run below; a new activation would try again from the last checkpoint.
            LogFault(storage, _role);
        }

        await TellRunAsync(specHash, checkpoint: null, []);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Role}: a newer activation has taken over: {Reason}")]
    private partial void LogSuperseded(string role, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Role}: the run could not be told: {Reason}")]
    private partial void LogUntold(string role, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Role} faulted")]
    private partial void LogFault(Exception exception, string role);
}
