using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of D-PSGD.</summary>
public sealed record DpsgdOptions : IProtocolOptions
{
    /// <summary>Local steps a round.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Seconds to wait for neighbours after the own training; null = from the work estimate.</summary>
    public double? DeadlineSeconds { get; init; }

    /// <summary>A neighbour that missed so many deadlines in a row is not waited for until it is heard again.</summary>
    public int SuspectAfter { get; init; } = 2;

    /// <summary>A peer that finds itself more rounds behind than this takes over the model that told it so, instead of keeping its own.</summary>
    public int CatchUp { get; init; } = 10;

    /// <summary>Last round; 0 = no end.</summary>
    public long Rounds { get; init; }

    /// <inheritdoc/>
    public void Validate()
    {
        OptionRange.Steps(Steps);
        OptionRange.Seconds(DeadlineSeconds);
        OptionRange.Within(SuspectAfter, 1, 1_000_000);
        OptionRange.Within(CatchUp, 0, 1_000_000);
        OptionRange.Within(Rounds, 0, FrameReader.MaxNumber);
    }
}

/// <summary>
/// D-PSGD (Lian et al., NeurIPS 2017, Algorithm 1) in the adapt-then-combine order, on any mixing schedule:
/// <code>
/// x_{0,i} = θ0; for k = 0, 1, 2, ...
///   2-3  x_{k+½,i} = x_{k,i} − γ ∇F_i(x_{k,i}; ξ_{k,i})   local steps on the own shard
///   4    send x_{k+½,i} to the neighbours, wait for theirs
///   5    x_{k+1,i} = Σ_j W_ij x_{k+½,j}
/// </code>
/// Departures, for networks that fail: the wait ends at a deadline, and a missing model's weight goes to the own one (the row still sums to
/// 1); a peer that is behind goes on in the round that it hears of. In a run without faults neither happens.
/// </summary>
/// <param name="options">Options.</param>
public sealed class Dpsgd(DpsgdOptions options) : Protocol<Dpsgd.Saved, Dpsgd.Live>
{
    private const int Ahead = 4;

    /// <inheritdoc/>
    public override string Name => "dpsgd";

    /// <inheritdoc/>
    public override byte Code => 2;

    /// <inheritdoc/>
    public override bool NeedsTopology => true;

    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) =>
        kind == 1 ? new Share(reader.Number(), reader.Model()) : null;

    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader) => new Saved(reader.Number(), reader.Model());

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new(0, setup.InitialModel);

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn) => BeginRound(turn);

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn) => BeginRound(turn);

    /// <inheritdoc/>
    protected override void OnTrained(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Training)
        {
            turn.Ignore("stale training");
            return;
        }

        // Line 4: send to the neighbours, wait for theirs.
        long round = turn.Durable.Round;
        turn.Volatile = turn.Volatile with { Training = 0, Half = model };
        foreach (int receiver in turn.Setup.RequireMixing().Receivers(turn.Setup.IndexOf(turn.Self), round))
        {
            turn.Send(turn.Setup.Roster[receiver], new Share(round, model));
        }

        turn.SetTimer(new TimerId("deadline", round), Wait(turn));
        MixIfComplete(turn);
    }

    /// <inheritdoc/>
    protected override void OnTrainFailed(Turn<Saved, Live> turn, long work) => OnTrained(turn, work, turn.Durable.Model);

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        if (body is not Share share || turn.Setup.IndexOf(from) is var sender && sender < 0
            || !turn.Setup.RequireMixing().Receivers(sender, share.Round).Contains(turn.Setup.IndexOf(turn.Self)))
        {
            turn.Ignore("not a neighbour in that round");
            return;
        }

        if (share.Round > RoundLimit.At(turn.Now))
        {
            turn.Ignore("a round that nobody can have reached yet");
            return;
        }

        turn.Volatile = turn.Volatile with { Missed = turn.Volatile.Missed.Remove(from) };
        if (share.Round < turn.Durable.Round || turn.Volatile.Received.ContainsKey((share.Round, from)))
        {
            turn.Ignore("stale or repeated model");
            return;
        }

        turn.Volatile = turn.Volatile with { Received = turn.Volatile.Received.Add((share.Round, from), share.Model) };
        if (share.Round > turn.Durable.Round + Ahead)
        {
            JumpTo(turn, share);
        }
        else
        {
            MixIfComplete(turn);
        }
    }

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        if (timer.Name != "deadline" || timer.Number != turn.Durable.Round || turn.Volatile.Mixing != 0 || turn.Volatile.Half.IsNone)
        {
            turn.Ignore("stale timer");
            return;
        }

        foreach (PeerId missing in Missing(turn))
        {
            int misses = turn.Volatile.Missed.GetValueOrDefault(missing) + 1;
            turn.Volatile = turn.Volatile with { Missed = turn.Volatile.Missed.SetItem(missing, misses) };
            if (misses == options.SuspectAfter)
            {
                turn.Report(ReportKind.Suspected, turn.Durable.Round, default, missing.ToString());
            }
        }

        Mix(turn);
    }

    /// <inheritdoc/>
    protected override void OnAggregated(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Mixing)
        {
            turn.Ignore("stale aggregation");
            return;
        }

        long round = turn.Durable.Round;
        turn.Durable = new Saved(round + 1, model.IsNone ? turn.Volatile.Half : model);
        turn.Persist();
        turn.Report(ReportKind.RoundCompleted, round + 1, turn.Durable.Model);
        BeginRound(turn);
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after) =>
        after.Volatile.Received.Keys.Any(k => k.Round < after.Durable.Round) ? "a model of a past round is kept for mixing"
        : after.Volatile.Training != 0 && after.Volatile.Mixing != 0 ? "a round is trained and mixed at once"
        : null;

    private static IEnumerable<MixingWeight> Row(Turn<Saved, Live> turn) =>
        turn.Setup.RequireMixing().Row(turn.Setup.IndexOf(turn.Self), turn.Durable.Round);

    private static IEnumerable<PeerId> Missing(Turn<Saved, Live> turn) =>
        Row(turn).Select(w => turn.Setup.Roster[w.Node])
            .Where(p => p != turn.Self && !turn.Volatile.Received.ContainsKey((turn.Durable.Round, p)));

    private TimeSpan Wait(Turn<Saved, Live> turn)
    {
        if (options.DeadlineSeconds is { } seconds)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        (TimeSpan time, string reason) = turn.Setup.Estimate.Deadline(Row(turn).Count());
        turn.Report(ReportKind.Deadline, turn.Durable.Round, default, reason);
        return time;
    }

    // Lines 2-3: x_{k+½} = local steps from x_k.
    private void BeginRound(Turn<Saved, Live> turn)
    {
        long round = turn.Durable.Round;
        turn.Volatile = turn.Volatile with
        {
            Half = default,
            Mixing = 0,
            Training = 0,
            Received = turn.Volatile.Received.RemoveRange(turn.Volatile.Received.Keys.Where(k => k.Round < round)),
        };
        if (options.Rounds == 0 || round < options.Rounds)
        {
            turn.Report(ReportKind.RoundStarted, round);
            turn.Volatile = turn.Volatile with { Training = turn.Train(turn.Durable.Model, round, options.Steps) };
        }
    }

    private void MixIfComplete(Turn<Saved, Live> turn)
    {
        if (!turn.Volatile.Half.IsNone && turn.Volatile.Mixing == 0
            && Missing(turn).All(p => turn.Volatile.Missed.GetValueOrDefault(p) >= options.SuspectAfter))
        {
            turn.CancelTimer(new TimerId("deadline", turn.Durable.Round));
            Mix(turn);
        }
    }

    // Line 5: x_{k+1,i} = Σ_j W_ij x_{k+½,j}; the weight of a missing model goes to the own one.
    private static void Mix(Turn<Saved, Live> turn)
    {
        List<Contribution> models = [];
        double missing = 0, own = 0;
        foreach (MixingWeight weight in Row(turn))
        {
            PeerId peer = turn.Setup.Roster[weight.Node];
            if (peer == turn.Self)
            {
                own = weight.Weight;
            }
            else if (turn.Volatile.Received.TryGetValue((turn.Durable.Round, peer), out ModelHandle model))
            {
                models.Add(new Contribution(peer, model, weight.Weight));
            }
            else
            {
                missing += weight.Weight;
            }
        }

        models.Add(new Contribution(turn.Self, turn.Volatile.Half, own + missing));
        turn.Volatile = turn.Volatile with { Mixing = turn.Aggregate(new AggregationRule.WeightedMean(), models) };
    }

    private void JumpTo(Turn<Saved, Live> turn, Share share)
    {
        turn.CancelTrain(turn.Volatile.Training);
        turn.CancelTimer(new TimerId("deadline", turn.Durable.Round));
        bool far = share.Round - turn.Durable.Round > options.CatchUp;
        turn.Durable = new Saved(share.Round, far ? share.Model : turn.Durable.Model);
        turn.Persist();
        BeginRound(turn);
    }

    /// <summary>Survives a crash.</summary>
    /// <param name="Round">k: the round to do next.</param>
    /// <param name="Model">x_k.</param>
    public sealed record Saved(long Round, ModelHandle Model) : DurableState
    {
        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Round);
            writer.Model(Model);
        }
    }

    /// <summary>Lost in a crash.</summary>
    public sealed record Live : VolatileState
    {
        /// <summary>Work number of the training, or 0.</summary>
        public long Training { get; init; }

        /// <summary>Work number of the mixing, or 0.</summary>
        public long Mixing { get; init; }

        /// <summary>x_{k+½} of this peer.</summary>
        public ModelHandle Half { get; init; }

        /// <summary>x_{k+½} of others, of this round and the few next ones.</summary>
        public ImmutableSortedDictionary<(long Round, PeerId From), ModelHandle> Received { get; init; } =
            ImmutableSortedDictionary<(long Round, PeerId From), ModelHandle>.Empty;

        /// <summary>Deadlines that neighbours missed in a row.</summary>
        public ImmutableSortedDictionary<PeerId, int> Missed { get; init; } = ImmutableSortedDictionary<PeerId, int>.Empty;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => Received.Values.Append(Half);
    }

    /// <summary>A neighbour's model after its local steps. 40 bytes.</summary>
    /// <param name="Round">k.</param>
    /// <param name="Model">x_{k+½}.</param>
    public sealed record Share(long Round, ModelHandle Model) : ModelOfRound(Round, Model);
}
