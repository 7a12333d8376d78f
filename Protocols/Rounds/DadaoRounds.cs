using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>
/// DADAO (Nabli and Oyallon, ICML 2023, arXiv 2208.00779) among peers that take time and fail; for convex losses. See
/// <see cref="DadaoProcess"/> for the algorithm. Here a peer has a gradient clock of rate 1, the lower end of each edge has its communication
/// clock, and every step on the six vectors is a linear combination:
/// <code>
/// gradient   x' = flow(x); train for G = ∇f(x'); with g = G − νx' − ỹ':  x −= γg, x̃ −= γ̃g, ỹ += (δ+δ̃)g
/// edge       i → j Propose;  j: lock, τ = max of both clocks, s_j = (y + z)(τ), persist;  j → i Accept(τ, s_j)
///            i: s_i = (y + z)(τ); z −= β(s_i − s_j), z̃ −= β̃(s_i − s_j); persist = commit;  i → j Commit(s_i)
///            j: z −= β(s_j − s_i), z̃ −= β̃(s_j − s_i); persist; unlock
/// </code>
/// Known limit: where communications fall far behind their clocks (partitions, slow peers) a peer may stall or run away.
/// A peer does one thing at a time and refuses to be locked twice, so nobody waits in a circle. Both ends apply an exchange at the same τ, or
/// neither does: who has accepted asks until the proposer says what it decided. A "round" of a report is a gradient of that peer.
/// </summary>
/// <param name="options">Options.</param>
public sealed partial class DadaoRounds(DadaoOptions options) : Protocol<DadaoRounds.Saved, DadaoRounds.Live>
{
    private static readonly ulong ClockRole = CounterRandom.Role("dadao-clock");

    private Tuple<IMixingSchedule, EdgeRates, DadaoFlow, DadaoParameters>? _graph;

    /// <inheritdoc/>
    public override string Name => "dadao";

    /// <inheritdoc/>
    public override byte Code => 9;

    /// <inheritdoc/>
    public override bool NeedsTopology => true;

    private long UnitTicks => TimeSpan.FromSeconds(options.UnitSeconds).Ticks;

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new() { Vectors = [setup.InitialModel, default, default, default, default, default] };

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn)
    {
        ArmGradient(turn);
        foreach (PeerId partner in OwnEdges(turn.Setup).Keys)
        {
            ArmEdge(turn, partner);
        }
    }

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn)
    {
        OnStart(turn);
        if (turn.Durable.Doubt is { } doubt)
        {
            turn.Volatile = turn.Volatile with { DoubtSince = turn.Now };
            AskAgain(turn, doubt);
        }
    }

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        switch (timer.Name)
        {
            case "gradient":
                turn.Volatile = turn.Volatile with { Due = turn.Volatile.Due.Add(turn.Self) };
                ArmGradient(turn);
                break;
            case "edge" when OwnEdges(turn.Setup).ContainsKey(new PeerId((ulong)timer.Number)):
                turn.Volatile = turn.Volatile with { Due = turn.Volatile.Due.Add(new PeerId((ulong)timer.Number)) };
                ArmEdge(turn, new PeerId((ulong)timer.Number));
                break;
            case "retry":
                turn.Volatile = turn.Volatile with { Due = turn.Volatile.Due.AddRange(turn.Volatile.Postponed), Postponed = [] };
                break;
            case "answer" when turn.Volatile.Proposal is { Accepted: false } proposal && proposal.Number == timer.Number:
                GiveUp(turn, proposal);
                break;
            case "doubt" when turn.Durable.Doubt is { } doubt && doubt.Number == timer.Number && turn.Volatile.Step is null:
                AskAgain(turn, doubt);
                break;
            default:
                turn.Ignore("stale timer");
                break;
        }

        BeginNext(turn);
    }

    /// <inheritdoc/>
    protected override void OnAggregated(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (turn.Volatile.Step is not { } step || !step.Pending.TryGetValue(work, out int vector))
        {
            turn.Ignore("stale aggregation");
            return;
        }

        step = step with { Pending = step.Pending.Remove(work), Results = step.Results.SetItem(vector, model), Failed = step.Failed || model.IsNone };
        turn.Volatile = turn.Volatile with { Step = step };
        if (step.Pending.IsEmpty)
        {
            turn.Volatile = turn.Volatile with { Step = null };
            EndStep(turn, step);
            BeginNext(turn);
        }
    }

    /// <inheritdoc/>
    protected override void OnTrained(Turn<Saved, Live> turn, long work, ModelHandle model)
    {
        if (work != turn.Volatile.Training)
        {
            turn.Ignore("stale training");
            return;
        }

        turn.Volatile = turn.Volatile with { Training = 0 };
        DadaoParameters p = Graph(turn.Setup).Item4;
        double[,] flow = Flow(turn, turn.Volatile.GradientAt);

        // Row of vector v: its flow, and its share of g = G − νx' − ỹ'.
        BeginStep(turn, StepKind.Gradient, turn.Volatile.GradientAt, [.. Enumerable.Range(0, DadaoFlow.Vectors).Select(v =>
        {
            double share = v switch { 0 => -p.Gamma, 1 => -p.GammaTilde, 3 => p.Delta, _ => 0 };
            return (v, Row(turn, c => flow[v, c] - (share * ((p.Nu * flow[0, c]) + flow[3, c])), model, share));
        })]);
    }

    /// <inheritdoc/>
    protected override void OnTrainFailed(Turn<Saved, Live> turn, long work)
    {
        if (work == turn.Volatile.Training)
        {
            turn.Volatile = turn.Volatile with { Training = 0 };
            BeginNext(turn);
        }
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after) =>
        after.Durable.At < before.Durable.At ? "a peer's clock went back"
        : after.Durable.Doubt is not null && after.Volatile.Training != 0 ? "a locked peer takes a gradient"
        : after.Durable.Doubt is { } doubt && after.Durable.At > doubt.At ? "a locked peer went past its exchange"
        : null;

    private static bool IsBusy(Turn<Saved, Live> turn) =>
        turn.Durable.Doubt is not null || turn.Volatile.Step is not null || turn.Volatile.Training != 0 || turn.Volatile.Proposal is not null;

    private static long Later(Turn<Saved, Live> turn, long ticks = 0) => Math.Max(Math.Max(turn.Now.Ticks, turn.Durable.At), ticks);

    // A linear combination of the six vectors, those that are still 0 left out, and of one more. x stays in even at weight 0: it says how long 0 is.
    private static ImmutableArray<Contribution> Row(Turn<Saved, Live> turn, Func<int, double> weight, ModelHandle more = default, double share = 0)
    {
        var row = ImmutableArray.CreateBuilder<Contribution>();
        for (int c = 0; c < DadaoFlow.Vectors; c++)
        {
            if (!turn.Durable.Vectors[c].IsNone && (c == 0 || weight(c) != 0))
            {
                row.Add(new Contribution(turn.Self, turn.Durable.Vectors[c], weight(c)));
            }
        }

        if (!more.IsNone && share != 0)
        {
            row.Add(new Contribution(turn.Self, more, share));
        }

        return row.ToImmutable();
    }

    private void BeginNext(Turn<Saved, Live> turn)
    {
        while (!IsBusy(turn) && !turn.Volatile.Due.IsEmpty)
        {
            PeerId due = turn.Volatile.Due[0];
            turn.Volatile = turn.Volatile with { Due = turn.Volatile.Due.RemoveAt(0) };
            if (due == turn.Self)
            {
                Probe(turn);
            }
            else
            {
                ProposeTo(turn, due);
            }
        }
    }

    private void Probe(Turn<Saved, Live> turn)
    {
        long at = Later(turn);
        double[,] flow = Flow(turn, at);
        turn.Volatile = turn.Volatile with { GradientAt = at };
        BeginStep(turn, StepKind.Probe, at, [(0, Row(turn, c => flow[0, c]))]);
    }

    private static void BeginStep(Turn<Saved, Live> turn, StepKind kind, long at, ImmutableArray<(int Vector, ImmutableArray<Contribution> Row)> rows)
    {
        AggregationRule sum = new AggregationRule.LinearCombination();
        var pending = ImmutableSortedDictionary.CreateBuilder<long, int>();
        foreach ((int vector, ImmutableArray<Contribution> row) in rows)
        {
            pending.Add(turn.Aggregate(sum, row), vector);
        }

        turn.Volatile = turn.Volatile with
        {
            Step = new LinearStep(kind, at, pending.ToImmutable(), ImmutableSortedDictionary<int, ModelHandle>.Empty, Failed: false),
        };
    }

    private void EndStep(Turn<Saved, Live> turn, LinearStep step)
    {
        if (step.Failed)
        {
            turn.Report(ReportKind.WorkFailed, turn.Durable.Gradients, default, "vectors cannot be combined");
            AbandonExchange(turn, step.Kind);
            return;
        }

        switch (step.Kind)
        {
            case StepKind.Probe:
                turn.Volatile = turn.Volatile with
                {
                    Training = turn.Train(step.Results[0], turn.Durable.Gradients, 1, new TrainingRule.Gradient()),
                };
                break;
            case StepKind.Gradient:
                turn.Durable = Moved(turn.Durable, step) with { Gradients = turn.Durable.Gradients + 1 };
                turn.Persist();
                turn.Report(ReportKind.RoundCompleted, turn.Durable.Gradients, turn.Durable.Vectors[0]);
                break;
            default:
                EndExchangeStep(turn, step);
                break;
        }
    }

    private static Saved Moved(Saved saved, LinearStep step) => saved with
    {
        At = step.At,
        Vectors = [.. Enumerable.Range(0, DadaoFlow.Vectors).Select(v => step.Results[v])],
    };

    private double[,] Flow(Turn<Saved, Live> turn, long at) =>
        Graph(turn.Setup).Item3.Exponential((at - turn.Durable.At) / (double)UnitTicks);

    private void ArmGradient(Turn<Saved, Live> turn) => Arm(turn, new TimerId("gradient"), 1);

    private void ArmEdge(Turn<Saved, Live> turn, PeerId partner) =>
        Arm(turn, new TimerId("edge", (long)partner.Value), OwnEdges(turn.Setup)[partner]);

    private void Arm(Turn<Saved, Live> turn, TimerId timer, double rate)
    {
        long draws = turn.Volatile.Draws + 1;
        turn.Volatile = turn.Volatile with { Draws = draws };
        double unit = CounterRandom.Unit(CounterRandom.Bits(turn.Setup.Seed, ClockRole, turn.Self.Value, (ulong)draws, (ulong)turn.Now.Ticks));
        turn.SetTimer(timer, TimeSpan.FromSeconds(Math.Min(1e6, -Math.Log(1 - unit) / rate * options.UnitSeconds)));
    }

    // The rates of the edges whose lower end this peer is.
    private Dictionary<PeerId, double> OwnEdges(PeerSetup setup)
    {
        EdgeRates rates = Graph(setup).Item2;
        int self = setup.IndexOf(setup.Self);
        return rates.Graph.Edges.Zip(rates.Probabilities).Where(e => e.First.From == self)
            .ToDictionary(e => setup.Roster[e.First.To], e => e.Second * rates.Total);
    }

    // A function of the mixing schedule; kept as a matter of time only.
    private Tuple<IMixingSchedule, EdgeRates, DadaoFlow, DadaoParameters> Graph(PeerSetup setup)
    {
        IMixingSchedule mixing = setup.RequireMixing();
        if (_graph is not { } known || !ReferenceEquals(known.Item1, mixing))
        {
            Topology graph = Topology.FromEdges(
                mixing.Count, Enumerable.Range(0, mixing.Count).SelectMany(i => mixing.Receivers(i, 0).Select(j => (i, j))));
            EdgeRates rates = options.OptimisedRates ? EdgeRates.Optimised(graph) : EdgeRates.Uniform(graph);
            DadaoParameters parameters = new(options.Mu, options.Smoothness, rates.Chi1P / rates.Total);
            _graph = known = Tuple.Create(mixing, rates, new DadaoFlow(parameters), parameters);
        }

        return known;
    }
}
