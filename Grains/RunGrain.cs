using System.Diagnostics;

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Grains.State;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>
/// One run: prepares the data, lets all models train at the same time, and records what happens. It never sees weights.
/// Recovery: phase, events and the newest status of each model are in its state; <see cref="ResumeAsync"/> (or attaching to an
/// interrupted run) drives it on under a higher term, and a timer calls models again that a dead silo took along. While the database is
/// away the models go on training and the run waits; an activation whose row another one has written ends itself.
/// Key format: <c>run/NAME</c>.
/// </summary>
internal sealed partial class RunGrain(
    [PersistentState("run", StorageNames.Provider)] IPersistentState<RunState> state,
    SlotPool slots,
    Checkpoints checkpoints,
    ILearningRuntime runtime,
    SiloDirectory silos,
    DeviceFleet fleet,
    ImageHostClient images,
    TimeProvider clock,
    IOptions<RunOptions> options,
    ILogger<RunGrain> logger) : Grain, IRunGrain
{
    private const int MaxSpec = 1 << 20;

    private readonly Dictionary<string, ModelStatus> _live = [];
    private readonly HashSet<string> _confirmed = [];
    private readonly HashSet<string> _retrying = [];
    private readonly UnfitSilos _unfit = new(clock, () => options.Value.SearchPeriod);
    private StateRow<RunState> _row = null!;
    private EventLog _events = null!;
    private Retry _calls = null!;
    private readonly CancellationTokenSource _left = new();
    private CancellationTokenSource _stop = new();
    private Task _driving = Task.CompletedTask;
    private Task _settling = Task.CompletedTask;
    private IGrainTimer? _poll;
    private Activity? _activity;
    private bool _driven;
    private int _looks;
    private bool _unstorable;
    private string? _lacking;
    private string _name = string.Empty;

    private RunState State => _row.Value;

    /// <summary>Whether the run is at work, but not under a term of this activation: its row is another one's to write, or whoever drives it on asks the models again.</summary>
    private bool IsOrphaned => !_driven && State.Phase is RunPhase.Preparing or RunPhase.Training;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _name = GrainKeys.RunName(this.GetPrimaryKeyString());
        int seed = (int)this.GetGrainId().GetUniformHashCode();
        _calls = options.Value.Retry(options.Value.CallPatience, clock, seed);
        _row = new StateRow<RunState>($"run '{_name}'", state, options.Value.Retry(options.Value.StorePatience, clock, seed), TellWaiting);
        _events = new EventLog(() => _row.Value, () => _row.Stored, options.Value.KeepEvents, clock);
        if (State.Phase == RunPhase.Stopping)
        {
            // Whoever was stopping the run is gone.
            _settling = SettleAsync(RunPhase.Stopped, message: null);
        }

        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _driven = false;
        _poll?.Dispose();
        _poll = null;
        await _left.CancelAsync();
        await _stop.CancelAsync(); // first: what the row no longer waits for is then no fault
        _row?.Leave();
        _events?.Close();
        await Task.WhenAll(_driving, _settling).WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        _activity.End(PhaseText(State.Phase));
    }

    public async Task<SubmitReply> SubmitAsync(string spec, bool force = false, CancellationToken cancellation = default)
    {
        RunSpec run = Read(spec);
        string hash = SpecJson.Hash(run);
        if (Holds(hash))
        {
            if (IsOrphaned)
            {
                await DriveAsync();
            }
            else if (State.Phase == RunPhase.Training)
            {
                // Whoever attaches may know of a silo that has gone or come.
                _ = LookAsync();
            }

            return new SubmitReply(true, Status());
        }

        if (State.SpecHash.Length > 0)
        {
            if (!force)
            {
                throw new RunConflictException(_name, State.SpecHash);
            }

            await StopAsync(cancellation);
            await GiveUpModelsAsync(cancellation);
        }

        State.Spec = SpecJson.Canonical(run);
        State.SpecHash = hash;
        State.Data = null;
        State.Models = [];
        _live.Clear();
        await DriveAsync();
        return new SubmitReply(false, Status());
    }

    public async Task<RunStatus> ResumeAsync(CancellationToken cancellation = default)
    {
        if (State.SpecHash.Length == 0)
        {
            throw new RunNotFoundException(_name);
        }

        await _settling.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (!_driven && (State.Phase != RunPhase.Ready || !await IsWholeAsync(cancellation)))
        {
            await DriveAsync();
        }

        return Status();
    }

    public async Task<RunStatus> StopAsync(CancellationToken cancellation = default)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task patience = Task.Delay(options.Value.StopPatience, clock, done.Token);
        await Task.WhenAny(_settling, patience);
        if (_settling.IsCompleted && State.Phase is RunPhase.Preparing or RunPhase.Training)
        {
            _settling = SettleAsync(RunPhase.Stopped, message: null);
        }
        else if (_settling.IsCompleted && _row.Stored.Phase != State.Phase)
        {
            _unstorable = false;
            _settling = EndAsync(State.Phase, State.Message);
        }

        await Task.WhenAny(_settling, patience);
        await done.CancelAsync();
        if (_row.IsLost)
        {
            throw new RunNotStoredException(_name, "another silo has taken the run over.");
        }

        return EventLog.IsSettled(State.Phase) && _row.Stored.Phase == State.Phase
            ? Status()
            : throw new RunNotStoredException(_name, Waiting() is { } waiting ? $"it waits for {waiting}." : State.Message ?? "not every model has answered yet.");
    }

    public async Task ReportAsync(ModelReport report, CancellationToken cancellation = default)
    {
        ModelStatus status = report.Status;
        if (report.SpecHash != State.SpecHash || State.Phase == RunPhase.None || IsOrphaned)
        {
            return;
        }

        await AcceptAsync(status, report.Checkpoint, report.Points);
    }

    /// <summary>Whether the weights of every model are still there and good.</summary>
    private Task<bool> IsWholeAsync(CancellationToken cancellation)
    {
        ArtifactReference?[] weights = [.. State.Models.Values.Select(m => m.Weights)];
        return slots.RunAsync(Lane.Training, () => weights.All(w => w is not null && checkpoints.IsGood(w)), cancellation, WorkWatch.ShortWork);
    }

    // A spec stored by an older version lacks the keys that have come since; with these at their defaults it is the same spec.
    private bool Holds(string hash) =>
        State.SpecHash == hash || (State.SpecHash.Length > 0 && SpecJson.Hash(SpecJson.Read(State.Spec)) == hash);

    private RunSpec Read(string spec)
    {
        if (string.IsNullOrEmpty(spec))
        {
            throw new BadRequestException($"The spec of run '{_name}' is missing.");
        }

        if (spec.Length > MaxSpec)
        {
            throw new BadRequestException($"The spec has {spec.Length} characters; the most is {MaxSpec}.");
        }

        RunSpec run;
        try
        {
            run = SpecJson.Read(spec);
            IslandProtocols.Check(run.Islands);
        }
        catch (SpecException e)
        {
            throw new BadRequestException(e.Message);
        }

        return run.Name == _name ? run : throw new BadRequestException($"name is '{run.Name}' in the spec, but the run is '{_name}'.");
    }

    private IEnumerable<(string Role, IModelGrain Grain)> Models()
    {
        RunSpec spec = SpecJson.Read(State.Spec);
        return ModelRole.Of(spec.Experts.Count).Select(role => (role.ToString(), GrainFactory.GetModel(_name, spec, role)));
    }

    private void TellWaiting(Exception e)
    {
        LogWaiting(_name, e.Message);
        _events.SendTelemetry(new RunEvent { Message = $"Waiting for the database: {e.Message}" });
    }

    /// <summary>Writes the state, waiting for a database that is away, and then lets the watchers see its events.</summary>
    private async Task SaveAsync()
    {
        try
        {
            await _row.SaveAsync(patient: !_unstorable);
        }
        catch (InconsistentStateException e)
        {
            await GiveUpAsync(e.Message);
            throw;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogUnstored(e, _name);
            _unstorable = true;
            BeginSettling(RunPhase.Faulted, $"The state of run '{_name}' cannot be stored: {e.Message}");
            throw;
        }

        _events.Publish();
    }

    /// <summary>Leaves the run to the activation that has taken it over.</summary>
    private async Task GiveUpAsync(string reason)
    {
        LogSuperseded(_name, reason);
        _driven = false;
        await _stop.CancelAsync();
        _events.Close(); // who watches keeps the activation from being idle
        DeactivateOnIdle();
    }

    [LoggerMessage(EventId = 1031, Level = LogLevel.Warning, Message = "Run {Name}: a newer activation has taken over: {Reason}")]
    private partial void LogSuperseded(string name, string reason);

    [LoggerMessage(EventId = 1032, Level = LogLevel.Information, Message = "Run {Name}: its data or spec is unfit: {Reason}")]
    private partial void LogUnfit(string name, string reason);

    [LoggerMessage(EventId = 1033, Level = LogLevel.Error, Message = "Run {Name} faulted")]
    private partial void LogFault(Exception exception, string name);

    [LoggerMessage(EventId = 1034, Level = LogLevel.Error, Message = "Run {Name}: its state cannot be stored")]
    private partial void LogUnstored(Exception exception, string name);

    [LoggerMessage(EventId = 1035, Level = LogLevel.Error, Message = "Run {Name}: {Role} did not stop in order")]
    private partial void LogNotStopped(Exception exception, string name, string role);

    [LoggerMessage(EventId = 1036, Level = LogLevel.Warning, Message = "Run {Name}: {Role} could not be reached: {Reason}")]
    private partial void LogUnreachable(string name, string role, string reason);

    [LoggerMessage(EventId = 1037, Level = LogLevel.Warning, Message = "Run {Name} waits for the database: {Reason}")]
    private partial void LogWaiting(string name, string reason);

    [LoggerMessage(EventId = 1038, Level = LogLevel.Warning, Message = "Run {Name} waits for a silo with its data: {Reason}")]
    private partial void LogLacking(string name, string reason);

    [LoggerMessage(EventId = 1039, Level = LogLevel.Warning, Message = "Run {Name}: its models have seen term {Seen}; it goes on under a higher one")]
    private partial void LogOutbid(string name, long seen);
}
