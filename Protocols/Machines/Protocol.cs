using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Machines;

/// <summary>Base of the protocols: takes a step apart into one method per input. Override what the algorithm speaks of.</summary>
/// <typeparam name="TDurable">State that survives a crash.</typeparam>
/// <typeparam name="TVolatile">State that does not.</typeparam>
public abstract class Protocol<TDurable, TVolatile> : IProtocol
    where TDurable : DurableState
    where TVolatile : VolatileState
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract byte Code { get; }

    /// <inheritdoc/>
    public virtual bool NeedsTopology => false;

    /// <inheritdoc/>
    public virtual RoundOwner Owner => RoundOwner.EachPeer;

    /// <inheritdoc/>
    public virtual long FirstRound => 0;

    /// <inheritdoc/>
    public PeerState Create(PeerSetup setup) => new PeerState<TDurable, TVolatile>(setup, NewDurable(setup), NewVolatile(setup));

    /// <inheritdoc/>
    public Step Handle(PeerState state, Input input, TimeSpan now)
    {
        Turn<TDurable, TVolatile> turn = new((PeerState<TDurable, TVolatile>)state, now);
        switch (input)
        {
            case Input.Start:
                OnStart(turn);
                break;
            case Input.Recover { Durable: TDurable durable }:
                turn.Durable = durable;
                OnRecover(turn);
                break;
            case Input.Message { Body: LeaveRequest } message when message.From == turn.Self:
                OnLeave(turn);
                break;
            case Input.Message message:
                OnMessage(turn, message.From, message.Body);
                break;
            case Input.Timer timer:
                OnTimer(turn, timer.Id);
                break;
            case Input.Trained trained:
                OnTrained(turn, trained.Work, trained.Model);
                break;
            case Input.TrainFailed failed:
                turn.Report(ReportKind.WorkFailed, 0, default, failed.Reason);
                OnTrainFailed(turn, failed.Work);
                break;
            case Input.Aggregated aggregated:
                OnAggregated(turn, aggregated.Work, aggregated.Model);
                break;
            case Input.Fetched fetched:
                OnFetched(turn, fetched.Work, fetched.Model);
                break;
            case Input.FetchFailed failed:
                OnFetchFailed(turn, failed.Work);
                break;
            default:
                turn.Ignore("unknown input");
                break;
        }

        return turn.End();
    }

    /// <inheritdoc/>
    public abstract MessageBody? ReadBody(byte kind, ref FrameReader reader);

    /// <inheritdoc/>
    public abstract DurableState ReadDurable(ref FrameReader reader);

    /// <inheritdoc/>
    public string? Violation(PeerState before, PeerState after) =>
        Violation((PeerState<TDurable, TVolatile>)before, (PeerState<TDurable, TVolatile>)after);

    /// <inheritdoc/>
    public virtual string? Disagreement(IReadOnlyList<PeerState> peers) => null;

    /// <summary>Durable state of a peer that never ran.</summary>
    protected abstract TDurable NewDurable(PeerSetup setup);

    /// <summary>Volatile state of a peer that starts or recovers.</summary>
    protected abstract TVolatile NewVolatile(PeerSetup setup);

    /// <summary>The peer starts.</summary>
    protected abstract void OnStart(Turn<TDurable, TVolatile> turn);

    /// <summary>The peer is back; <see cref="Turn{TDurable,TVolatile}.Durable"/> holds what it had persisted.</summary>
    protected abstract void OnRecover(Turn<TDurable, TVolatile> turn);

    /// <summary>A message arrived.</summary>
    protected abstract void OnMessage(Turn<TDurable, TVolatile> turn, PeerId from, MessageBody body);

    /// <summary>The peer's owner takes it out of the run; the transport stops it after this step.</summary>
    protected virtual void OnLeave(Turn<TDurable, TVolatile> turn)
    {
    }

    /// <summary>A timer ran out.</summary>
    protected virtual void OnTimer(Turn<TDurable, TVolatile> turn, TimerId timer) => turn.Ignore("unknown timer");

    /// <summary>Training ended.</summary>
    protected virtual void OnTrained(Turn<TDurable, TVolatile> turn, long work, ModelHandle model) => turn.Ignore("unknown work");

    /// <summary>Training failed.</summary>
    protected virtual void OnTrainFailed(Turn<TDurable, TVolatile> turn, long work) => turn.Ignore("unknown work");

    /// <summary>An aggregation ended.</summary>
    protected virtual void OnAggregated(Turn<TDurable, TVolatile> turn, long work, ModelHandle model) => turn.Ignore("unknown work");

    /// <summary>A model is local.</summary>
    protected virtual void OnFetched(Turn<TDurable, TVolatile> turn, long work, ModelHandle model) => turn.Ignore("unknown work");

    /// <summary>A model is not to be had.</summary>
    protected virtual void OnFetchFailed(Turn<TDurable, TVolatile> turn, long work) => turn.Ignore("unknown work");

    /// <summary>The invariant that the step broke, or null.</summary>
    protected virtual string? Violation(PeerState<TDurable, TVolatile> before, PeerState<TDurable, TVolatile> after) => null;
}
