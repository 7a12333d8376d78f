using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Machines;

/// <summary>One step in the making: the state to change and the effects asked for so far. Lives only inside the step.</summary>
/// <typeparam name="TDurable">State that survives a crash.</typeparam>
/// <typeparam name="TVolatile">State that does not.</typeparam>
public sealed class Turn<TDurable, TVolatile>
    where TDurable : DurableState
    where TVolatile : VolatileState
{
    private readonly PeerState<TDurable, TVolatile> _before;
    private readonly ImmutableArray<Effect>.Builder _effects = ImmutableArray.CreateBuilder<Effect>();
    private long _ignored;
    private long _work;

    internal Turn(PeerState<TDurable, TVolatile> state, TimeSpan now)
    {
        _before = state;
        _work = state.LastWork;
        Durable = state.Durable;
        Volatile = state.Volatile;
        Now = now;
    }

    /// <summary>Survives a crash once persisted.</summary>
    public TDurable Durable { get; set; }

    /// <summary>Is lost in a crash.</summary>
    public TVolatile Volatile { get; set; }

    /// <summary>Run-relative time.</summary>
    public TimeSpan Now { get; }

    /// <summary>What the peer knew from the beginning.</summary>
    public PeerSetup Setup => _before.Setup;

    /// <summary>This peer.</summary>
    public PeerId Self => _before.Setup.Self;

    /// <summary>Sends a message.</summary>
    public void Send(PeerId to, MessageBody body) => _effects.Add(new Effect.Send(to, body));

    /// <summary>Trains; returns the number of the work.</summary>
    public long Train(ModelHandle model, long round, int steps, TrainingRule? rule = null)
    {
        _effects.Add(new Effect.Train(++_work, model, round, steps) { Rule = rule ?? TrainingRule.Plain });
        return _work;
    }

    /// <summary>Stops a training; 0 = none is running.</summary>
    public void CancelTrain(long work)
    {
        if (work != 0)
        {
            _effects.Add(new Effect.CancelTrain(work));
        }
    }

    /// <summary>Aggregates; returns the number of the work.</summary>
    public long Aggregate(AggregationRule rule, IEnumerable<Contribution> models)
    {
        _effects.Add(new Effect.Aggregate(++_work, rule, [.. models.OrderBy(m => m.From)]));
        return _work;
    }

    /// <summary>Fetches a model; returns the number of the work.</summary>
    public long Fetch(ModelHandle model, PeerId from)
    {
        _effects.Add(new Effect.Fetch(++_work, model, from));
        return _work;
    }

    /// <summary>Sets a timer.</summary>
    public void SetTimer(TimerId timer, TimeSpan after) =>
        _effects.Add(new Effect.SetTimer(timer, after < TimeSpan.Zero ? TimeSpan.Zero : after));

    /// <summary>Cancels a timer.</summary>
    public void CancelTimer(TimerId timer) => _effects.Add(new Effect.CancelTimer(timer));

    /// <summary>Persists <see cref="Durable"/> as it is now.</summary>
    public void Persist() => _effects.Add(new Effect.Persist(Durable));

    /// <summary>Reports.</summary>
    public void Report(ReportKind kind, long round, ModelHandle model = default, string detail = "") =>
        _effects.Add(new Effect.Report(kind, round, model, detail));

    /// <summary>Counts the input as ignored.</summary>
    public void Ignore(string reason)
    {
        _ignored++;
        Report(ReportKind.Ignored, 0, default, reason);
    }

    internal Step End() => new(
        _before with { Durable = Durable, Volatile = Volatile, Ignored = _before.Ignored + _ignored, LastWork = _work },
        _effects.DrainToImmutable());
}
