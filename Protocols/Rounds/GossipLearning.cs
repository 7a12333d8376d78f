using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of gossip learning.</summary>
public sealed record GossipOptions : IProtocolOptions
{
    /// <summary>Local steps after each merge.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Δ, the seconds between two sends of one peer.</summary>
    public double PeriodSeconds { get; init; } = 1;

    /// <summary>How models are averaged.</summary>
    public AggregatorOptions Aggregator { get; init; } = new();

    /// <inheritdoc/>
    public void Validate()
    {
        OptionRange.Steps(Steps);
        OptionRange.Seconds(PeriodSeconds);
        OptionRange.Aggregator(Aggregator);
    }
}

/// <summary>
/// Gossip learning (Ormándi et al. 2013; merge by age after Hegedűs et al. 2019, Algorithm 1), without any round in common:
/// <code>
/// 1  (w, t) ← (θ0, 0)
/// 2  loop: wait Δ; p ← random peer; send (w, t) to p
/// 3  on receiving (w_r, t_r):
/// 4     w ← (t·w + t_r·w_r) / (t + t_r);  t ← max(t, t_r)
/// 5     (w, t) ← (local steps from w, t + steps)
/// </code>
/// A model that arrives while line 5 runs waits, and only the oldest in age of those that wait is kept. Peers come from the topology if
/// the run has one. A lost message costs nothing but its news. The paper's peers train on what they receive alone; here one that has received nothing for
/// ten periods, because nobody reaches it, runs line 5 on its own model in every further one until it hears again.
/// </summary>
/// <param name="options">Options.</param>
public sealed class GossipLearning(GossipOptions options) : Protocol<GossipLearning.Saved, GossipLearning.Live>
{
    // Where all send, a peer hears nothing for so long once in 20,000 periods.
    private const int SilentPeriods = 10;
    private static readonly ulong PickRole = CounterRandom.Role("gossip-pick");
    private static readonly TimerId Period = new("period");

    /// <inheritdoc/>
    public override string Name => "gossip";

    /// <inheritdoc/>
    public override byte Code => 3;

    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) =>
        kind == 1 ? new Share(reader.Number(), reader.Number(), reader.Model()) : null;

    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader) => new Saved(reader.Number(), reader.Number(), reader.Model());

    // Line 1.

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new(0, 0, setup.InitialModel);

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn)
    {
        // A random phase: otherwise all peers would send in the same instant for ever.
        double phase = CounterRandom.Unit(CounterRandom.Bits(turn.Setup.Seed, PickRole, turn.Self.Value, ulong.MaxValue));
        turn.SetTimer(Period, TimeSpan.FromSeconds(phase * options.PeriodSeconds));
    }

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn) => OnStart(turn);

    // Line 2.

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        if (timer != Period)
        {
            turn.Ignore("unknown timer");
            return;
        }

        turn.SetTimer(Period, TimeSpan.FromSeconds(options.PeriodSeconds));
        turn.Volatile = turn.Volatile with { Sends = turn.Volatile.Sends + 1 };
        ulong bits = CounterRandom.Bits(
            turn.Setup.Seed, PickRole, turn.Self.Value, (ulong)turn.Now.Ticks, (ulong)turn.Volatile.Sends);
        if (Pick(turn.Setup, (long)(turn.Now.TotalSeconds / options.PeriodSeconds), bits) is { } peer)
        {
            turn.Send(peer, new Share(turn.Durable.Age, (long)turn.Now.TotalMilliseconds, turn.Durable.Model));
        }

        if (!turn.Volatile.Busy)
        {
            turn.Volatile = turn.Volatile with { Silent = Math.Min(turn.Volatile.Silent + 1, SilentPeriods) };
            if (turn.Volatile.Silent == SilentPeriods)
            {
                Train(turn, turn.Durable.Model, turn.Durable.Age);
            }
        }
    }

    // Lines 3 and 4.

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        if (body is not Share share || turn.Setup.IndexOf(from) < 0)
        {
            turn.Ignore("unknown message or peer");
        }
        else if (share.Age > RoundLimit.At(turn.Now) * options.Steps)
        {
            turn.Ignore("an age that no model can have yet");
        }
        else if (share.Sent <= turn.Volatile.Heard.GetValueOrDefault(from, -1))
        {
            turn.Ignore("repeated or overtaken model");
        }
        else if (turn.Volatile.Busy)
        {
            if (turn.Volatile.Waiting is { } waiting && waiting.Share.Age >= share.Age)
            {
                turn.Ignore("an older model waits already");
                return;
            }

            Hear(turn, from, share);
            turn.Volatile = turn.Volatile with { Waiting = (from, share) };
        }
        else
        {
            Hear(turn, from, share);
            Merge(turn, from, share);
        }
    }

    /// <inheritdoc/>
    protected override void OnAggregated(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Merging)
        {
            turn.Ignore("stale aggregation");
            return;
        }

        turn.Volatile = turn.Volatile with { Merging = 0 };
        Train(turn, model.IsNone ? turn.Durable.Model : model, turn.Volatile.MergedAge);
    }

    /// <inheritdoc/>
    protected override void OnTrained(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Training)
        {
            turn.Ignore("stale training");
            return;
        }

        long age = turn.Volatile.MergedAge + options.Steps;
        turn.Durable = new Saved(age, turn.Durable.Merges + 1, model);
        turn.Persist();
        turn.Report(ReportKind.RoundCompleted, turn.Durable.Merges, model);
        EndMerge(turn);
    }

    /// <inheritdoc/>
    protected override void OnTrainFailed(Turn<Saved, Live> turn, long work)
    {
        if (work == turn.Volatile.Training)
        {
            EndMerge(turn);
        }
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after) =>
        after.Volatile.Merging != 0 && after.Volatile.Training != 0 ? "merging and training at once"
        : after.Volatile.Waiting is not null && !after.Volatile.Busy ? "a model waits for nothing"
        : after.Durable.Age < before.Durable.Age ? "the age of the model fell"
        : after.Durable.Merges < before.Durable.Merges || after.Durable.Merges > before.Durable.Merges + 1 ? "a training was counted twice or not at all"
        : null;

    private static void Hear(Turn<Saved, Live> turn, PeerId from, Share share) =>
        turn.Volatile = turn.Volatile with { Heard = turn.Volatile.Heard.SetItem(from, share.Sent), Silent = 0 };

    // A schedule that changes from round to round goes by the common clock, in periods.
    private static PeerId? Pick(PeerSetup setup, long period, ulong bits)
    {
        int self = setup.IndexOf(setup.Self);
        if (setup.Mixing is { } mixing)
        {
            var receivers = mixing.Receivers(self, period);
            return receivers.IsEmpty ? null : setup.Roster[receivers[CounterRandom.Below(bits, receivers.Length)]];
        }

        if (setup.Roster.Length < 2)
        {
            return null;
        }

        int other = CounterRandom.Below(bits, setup.Roster.Length - 1);
        return setup.Roster[other >= self ? other + 1 : other];
    }

    private void Merge(Turn<Saved, Live> turn, PeerId from, Share share)
    {
        // Equal parts when both ages are 0.
        bool untrained = turn.Durable.Age + share.Age == 0;
        IEnumerable<Contribution> models = new[]
        {
            new Contribution(turn.Self, turn.Durable.Model, untrained ? 1 : turn.Durable.Age),
            new Contribution(from, share.Model, untrained ? 1 : share.Age),
        }.Where(c => c.Weight > 0);
        turn.Volatile = turn.Volatile with
        {
            Merging = turn.Aggregate(options.Aggregator.Create(turn.Self), models),
            MergedAge = Math.Max(turn.Durable.Age, share.Age),
        };
    }

    // Line 5. The training's draws are fixed by the number of trainings that this peer made.
    private void Train(Turn<Saved, Live> turn, ModelHandle model, long age) =>
        turn.Volatile = turn.Volatile with { MergedAge = age, Training = turn.Train(model, turn.Durable.Merges, options.Steps) };

    private void EndMerge(Turn<Saved, Live> turn)
    {
        (PeerId From, Share Share)? waiting = turn.Volatile.Waiting;
        turn.Volatile = turn.Volatile with { Training = 0, Waiting = null };
        if (waiting is { } next)
        {
            Merge(turn, next.From, next.Share);
        }
    }

    /// <summary>Survives a crash.</summary>
    /// <param name="Age">t: local steps in the longest line of this model.</param>
    /// <param name="Merges">Trainings made by this peer, after a merge or alone.</param>
    /// <param name="Model">w.</param>
    public sealed record Saved(long Age, long Merges, ModelHandle Model) : DurableState
    {
        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Age);
            writer.Number(Merges);
            writer.Model(Model);
        }
    }

    /// <summary>Lost in a crash.</summary>
    public sealed record Live : VolatileState
    {
        /// <summary>Work number of the merge, or 0.</summary>
        public long Merging { get; init; }

        /// <summary>Work number of the training, or 0.</summary>
        public long Training { get; init; }

        /// <summary>Age of the model in work before its training.</summary>
        public long MergedAge { get; init; }

        /// <summary>Sends since the start or the last recovery.</summary>
        public long Sends { get; init; }

        /// <summary>Periods in a row in which the peer had nothing to do and heard nothing, up to the number at which it trains alone.</summary>
        public int Silent { get; init; }

        /// <summary>When the last model that came from a peer was sent.</summary>
        public ImmutableSortedDictionary<PeerId, long> Heard { get; init; } = ImmutableSortedDictionary<PeerId, long>.Empty;

        /// <summary>The model to merge next.</summary>
        public (PeerId From, Share Share)? Waiting { get; init; }

        /// <summary>Whether lines 4 and 5 run.</summary>
        public bool Busy => Merging != 0 || Training != 0;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => Waiting is { } waiting ? waiting.Share.Models : [];
    }

    /// <summary>A model and its age. 48 bytes.</summary>
    /// <param name="Age">t.</param>
    /// <param name="Sent">Run-relative milliseconds at which it was sent: rises from message to message of a peer.</param>
    /// <param name="Model">w.</param>
    public sealed record Share(long Age, long Sent, ModelHandle Model) : MessageBody
    {
        /// <inheritdoc/>
        public override byte Kind => 1;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Age);
            writer.Number(Sent);
            writer.Model(Model);
        }
    }
}
