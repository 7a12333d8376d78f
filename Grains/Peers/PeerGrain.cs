using Microsoft.Extensions.Logging;

using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.State;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;

namespace OrleansDDM.Grains.Peers;

/// <summary>
/// One peer of one island: carries out what the protocol's state machine asks for. Inputs wait in one queue and are handled one at a time, so that a
/// state is written before what follows from it happens. Training and aggregation run on slots; models stay on the silo's shelf.
/// Recovery: the durable part of the state is written when the machine says so; whatever else there was is lost, as in a crash, and the peer comes back
/// under a higher term when its island starts it again. It is pinned to its host: while that is down it is unreachable, never somewhere else.
/// Key format: <c>peer/NAME/ROLE/NUMBER/HOST</c>.
/// </summary>
[HostPlacement]
[Immovable]
internal sealed partial class PeerGrain(
    [PersistentState("peer", StorageNames.Provider)] IPersistentState<PeerGrainState> state, PeerServices services) : Grain, IPeerGrain
{
    private readonly ILogger _logger = services.Loggers.CreateLogger<PeerGrain>();
    private readonly Queue<Input> _inbox = [];
    private string _run = string.Empty;
    private string _role = string.Empty;
    private int _number;
    private Life? _life;
    private long _stopped;
    private StateRow<PeerGrainState> _row = null!;

    private PeerGrainState State => _row.Value;

    private PeerId Self => new((ulong)_number);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        string key = this.GetPrimaryKeyString();
        (_run, _role, _number, _) = GrainKeys.PeerName(key);
        RunOptions options = services.Options.Value;
        Retry retry = options.Retry(options.StorePatience, services.Clock, (int)this.GetGrainId().GetUniformHashCode());
        _row = new StateRow<PeerGrainState>($"'{key}'", state, retry, e => LogWaiting(_role, _number, e.Message));
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _row?.Leave();
        End();
        return Task.CompletedTask;
    }

    public async Task<PeerStatus> StartAsync(PeerStart start, CancellationToken cancellation = default)
    {
        RequireNewest(start);
        if (IsOfThisIsland(start))
        {
            State.IslandTerm = start.IslandTerm;
            if (_life is { } running)
            {
                TellAgain(running, start.Recorded);
                return Status();
            }
        }

        try
        {
            End();
            await (_role == GrainKeys.SolveRole ? BeginSolveAsync(start, cancellation) : BeginAsync(start, cancellation));
        }
        catch (InconsistentStateException)
        {
            DeactivateOnIdle();
            throw;
        }

        return Status();
    }

    public async Task<PeerStatus> StopAsync(long islandTerm, bool forget, CancellationToken cancellation = default)
    {
        if (islandTerm < State.IslandTerm)
        {
            return Status();
        }

        _stopped = islandTerm;
        Task pump = _life?.Pump ?? Task.CompletedTask;
        End();
        if (forget && State.Durable.Length > 0)
        {
            // What it is storing now would stay.
            await pump;
            (State.Durable, State.Residual) = ([], string.Empty);
            (State.Models, State.Vectors) = ([], []);
            await _row.SaveAsync();
            await ForgetModelsAsync(cancellation);
        }

        return Status();
    }

    public async Task RemoveAsync(CancellationToken cancellation = default)
    {
        Task pump = _life?.Pump ?? Task.CompletedTask;
        End();
        _stopped = 0;
        await pump;
        await ForgetModelsAsync(cancellation);
        await _row.ClearAsync();
        DeactivateOnIdle();
    }

    public Task<PeerStatus> GetStatusAsync(CancellationToken cancellation = default) => Task.FromResult(Status());

    // A run that was removed and submitted again has another island, although its spec is the same.
    private bool IsOfThisIsland(PeerStart start) =>
        start.SpecHash == State.SpecHash && (start.Began == State.Began || State.Began == default);

    private void RequireNewest(PeerStart start)
    {
        if (start.IslandTerm < 1 || (IsOfThisIsland(start) && (start.IslandTerm <= _stopped || start.IslandTerm < State.IslandTerm)))
        {
            throw new StaleTermException($"The start of peer {_number}", start.IslandTerm, Math.Max(State.IslandTerm, _stopped));
        }
    }

    private Task<bool> ForgetModelsAsync(CancellationToken cancellation) => services.Slots.RunAsync(
        Lane.Sampling,
        () =>
        {
            services.Files.Forget(_run, _role);
            return true;
        },
        cancellation);

    private PeerStatus Status() => new()
    {
        Number = _number,
        Running = _life is not null,
        Term = State.Term,
        Counts = _life is { } life ? Counts(life) : new PeerCounts(),
        Known = Known(),
        LeftOut = Math.Sqrt(_life?.Residual.Sum(v => (double)v * v) ?? 0),
    };

    // Where a protocol has no view of its own, all that were told to it are there.
    private int Known() => _life switch
    {
        null => 0,
        { Protocol: Modest modest, Machine: var machine } => modest.Candidates(machine, Modest.RoundEstimate(machine)).Count(),
        var life => life.Peers.Count,
    };

    /// <summary>Ends the peer as a crash would: nothing is sent, nothing is written.</summary>
    private void End()
    {
        if (_life is not { } life)
        {
            return;
        }

        _life = null;
        _inbox.Clear();
        foreach (CancellationTokenSource work in life.Works.Values)
        {
            work.Cancel();
        }

        foreach (IGrainTimer timer in life.Timers.Values)
        {
            timer.Dispose();
        }

        GiveUp(life.Held, life.Close);
        DelayDeactivation(TimeSpan.Zero);
    }

    [LoggerMessage(EventId = 1058, Level = LogLevel.Warning, Message = "{Role}, peer {Number} waits for the database: {Reason}")]
    private partial void LogWaiting(string role, int number, string reason);

    [LoggerMessage(EventId = 1059, Level = LogLevel.Warning, Message = "{Role}, peer {Number}: starts anew: {Reason}")]
    private partial void LogForgotten(string role, int number, string reason);
}
