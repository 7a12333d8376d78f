using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of Epidemic Learning.</summary>
public sealed record EpidemicOptions : IProtocolOptions
{
    /// <summary>s, the peers that each peer sends to in a round.</summary>
    public int Fanout { get; init; } = 4;

    /// <summary>
    /// True = EL-Oracle: a random s-regular graph a round, common to all; needs s of at least 2, and s x peers even. False = EL-Local: each
    /// peer draws alone, as it also does where no such graph exists.
    /// </summary>
    public bool Oracle { get; init; }

    /// <summary>Local steps a round.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Δ, the length of a round in seconds, common to all: training and one transfer of s models must fit in. null = from the run's common work estimate.</summary>
    public double? RoundSeconds { get; init; }

    /// <summary>How models are averaged.</summary>
    public AggregatorOptions Aggregator { get; init; } = new();

    /// <inheritdoc/>
    public void Validate()
    {
        OptionRange.Within(Fanout, 1, 1_000_000);
        OptionRange.Steps(Steps);
        OptionRange.Seconds(RoundSeconds);
        OptionRange.Aggregator(Aggregator);
    }
}

/// <summary>
/// Epidemic Learning (de Vos et al., NeurIPS 2023, arXiv 2310.01972, Algorithm 1):
/// <code>
/// for t = 0, 1, 2, ...
///   3  x^{t+½}_i ← local steps from x^t_i
///   4  sample s peers: EL-Local each alone, EL-Oracle by a random s-regular graph
///   5  send x^{t+½}_i to them;   6  receive the set S of models
///   7  x^{t+1}_i ← (x^{t+½}_i + Σ_{j∈S} x^{t+½}_j) / (|S| + 1)
/// </code>
/// The paper's rounds are synchronous. Here round t is the time from t·Δ to (t+1)·Δ of the run-relative clock that all peers share, so that
/// no peer has to know how many models to wait for, and nobody waits for the dead. Who needs longer than Δ skips rounds.
/// </summary>
/// <param name="options">Options.</param>
public sealed class EpidemicLearning(EpidemicOptions options) : Protocol<EpidemicLearning.Saved, EpidemicLearning.Live>
{
    private Tuple<(int Count, int Degree, ulong Seed), Topology>? _lastGraph;

    /// <inheritdoc/>
    public override string Name => "epidemic";

    /// <inheritdoc/>
    public override byte Code => 4;

    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) =>
        kind == 1 ? new Share(reader.Number(), reader.Model()) : null;

    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader) => new Saved(reader.Number(), reader.Model());

    /// <inheritdoc/>
    public override string? Disagreement(IReadOnlyList<PeerState> peers)
    {
        long[] rounds = [.. peers.Select(p => ((Saved)p.DurablePart).Round)];
        return rounds.Length > 0 && rounds.Max() - rounds.Min() > 1 ? $"peers are in rounds {rounds.Min()} .. {rounds.Max()} of one clock" : null;
    }

    /// <summary>Line 4: the peers that <paramref name="setup"/>'s peer sends to in a round.</summary>
    public ImmutableArray<PeerId> Receivers(PeerSetup setup, long round)
    {
        int self = setup.IndexOf(setup.Self), others = setup.Roster.Length - 1;
        int fanout = Math.Min(options.Fanout, others);
        if (options.Oracle && (fanout & setup.Roster.Length & 1) == 0 && fanout >= 2)
        {
            ulong seed = CounterRandom.Bits(setup.Seed, CounterRandom.Role("epidemic-graph"), (ulong)round);
            return [.. Oracle(setup.Roster.Length, fanout, seed).Neighbours[self].Select(j => setup.Roster[j])];
        }

        int[] drawn = new CounterStream(setup.Seed, "epidemic-pick", setup.Self.Value, (ulong)round).Distinct(fanout, others);
        return [.. drawn.Select(j => setup.Roster[j >= self ? j + 1 : j])];
    }

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new(0, setup.InitialModel);

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn)
    {
        turn.Report(ReportKind.Deadline, Math.Max(Current(turn), turn.Durable.Round), default, $"of each round: {Length(turn.Setup).Reason}");
        BeginRound(turn);
    }

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn) => OnStart(turn);

    /// <inheritdoc/>
    protected override void OnTrained(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Training)
        {
            turn.Ignore("stale training");
            return;
        }

        turn.Volatile = turn.Volatile with { Training = 0, Half = model };
        if (turn.Now < End(turn, turn.Volatile.Round))
        {
            // Line 5.
            foreach (PeerId receiver in Receivers(turn.Setup, turn.Volatile.Round))
            {
                turn.Send(receiver, new Share(turn.Volatile.Round, model));
            }
        }
        else
        {
            Mix(turn);
        }
    }

    /// <inheritdoc/>
    protected override void OnTrainFailed(Turn<Saved, Live> turn, long work) => OnTrained(turn, work, turn.Durable.Model);

    // Line 6.

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        if (body is not Share share || turn.Setup.IndexOf(from) < 0 || from == turn.Self)
        {
            turn.Ignore("unknown message or peer");
        }
        else if (share.Round < turn.Volatile.Round || share.Round > Current(turn) + 1 || turn.Volatile.Received.ContainsKey((share.Round, from)))
        {
            turn.Ignore("a model of another round, or repeated");
        }
        else
        {
            turn.Volatile = turn.Volatile with { Received = turn.Volatile.Received.Add((share.Round, from), share.Model) };
        }
    }

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        if (timer.Name != "end" || timer.Number != turn.Volatile.Round)
        {
            turn.Ignore("stale timer");
        }
        else if (!turn.Volatile.Half.IsNone && turn.Volatile.Mixing == 0)
        {
            Mix(turn);
        }
    }

    /// <inheritdoc/>
    protected override void OnAggregated(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Mixing)
        {
            turn.Ignore("stale aggregation");
            return;
        }

        turn.Durable = new Saved(turn.Volatile.Round + 1, model.IsNone ? turn.Volatile.Half : model);
        turn.Persist();
        turn.Report(ReportKind.RoundCompleted, turn.Durable.Round, turn.Durable.Model);
        BeginRound(turn);
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after) =>
        after.Durable.Round < before.Durable.Round && before.Volatile.Round >= 0 ? "a round was gone back"
        : after.Volatile.Received.Keys.Any(k => k.Round < after.Volatile.Round) ? "a model of a past round is kept for mixing"
        : null;

    // All peers of a process ask for the same graph of the round; drawing it once is a matter of time only.
    private Topology Oracle(int count, int degree, ulong seed)
    {
        if (_lastGraph is not { } last || last.Item1 != (count, degree, seed))
        {
            _lastGraph = last = Tuple.Create((count, degree, seed), Graphs.RandomRegular(count, degree, seed));
        }

        return last.Item2;
    }

    // All peers must come to the same, so nothing that one of them measures is in it.
    private (TimeSpan Time, string Reason) Length(PeerSetup setup) => options.RoundSeconds is { } seconds
        ? (TimeSpan.FromSeconds(seconds), FormattableString.Invariant($"{seconds} s as set"))
        : setup.CommonEstimate.Deadline(options.Fanout);

    private TimeSpan End(Turn<Saved, Live> turn, long round) => Length(turn.Setup).Time * (round + 1);

    private long Current(Turn<Saved, Live> turn) => turn.Now.Ticks / Length(turn.Setup).Time.Ticks;

    // Line 3. A peer that did this round already, before a crash, waits for the next one.
    private void BeginRound(Turn<Saved, Live> turn)
    {
        long round = Math.Max(Current(turn), turn.Durable.Round);
        turn.Report(ReportKind.RoundStarted, round);
        turn.Volatile = turn.Volatile with
        {
            Round = round,
            Half = default,
            Mixing = 0,
            Received = turn.Volatile.Received.RemoveRange(turn.Volatile.Received.Keys.Where(k => k.Round < round)),
            Training = turn.Train(turn.Durable.Model, round, options.Steps),
        };
        turn.SetTimer(new TimerId("end", round), End(turn, round) - turn.Now);
    }

    // Line 7.
    private void Mix(Turn<Saved, Live> turn)
    {
        IEnumerable<Contribution> received = turn.Volatile.Received
            .Where(r => r.Key.Round == turn.Volatile.Round).Select(r => new Contribution(r.Key.From, r.Value, 1));
        turn.Volatile = turn.Volatile with
        {
            Mixing = turn.Aggregate(options.Aggregator.Create(turn.Self), received.Append(new Contribution(turn.Self, turn.Volatile.Half, 1))),
        };
    }

    /// <summary>Survives a crash.</summary>
    /// <param name="Round">First round that is not done.</param>
    /// <param name="Model">x of this peer.</param>
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
        /// <summary>t, the round in work; −1 before the first.</summary>
        public long Round { get; init; } = -1;

        /// <summary>Work number of the training, or 0.</summary>
        public long Training { get; init; }

        /// <summary>Work number of the mixing, or 0.</summary>
        public long Mixing { get; init; }

        /// <summary>x^{t+½} of this peer.</summary>
        public ModelHandle Half { get; init; }

        /// <summary>S, of this round and the next.</summary>
        public ImmutableSortedDictionary<(long Round, PeerId From), ModelHandle> Received { get; init; } =
            ImmutableSortedDictionary<(long Round, PeerId From), ModelHandle>.Empty;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => Received.Values.Append(Half);
    }

    /// <summary>A model after local steps. 40 bytes.</summary>
    /// <param name="Round">t.</param>
    /// <param name="Model">x^{t+½}.</param>
    public sealed record Share(long Round, ModelHandle Model) : ModelOfRound(Round, Model);
}
