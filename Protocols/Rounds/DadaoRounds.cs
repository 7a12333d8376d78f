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
/// edge       i → j Propose;  j: lock, s_j = y + z, persist;  j → i Accept(s_j)
///            i: s_i = y + z; z −= β(s_i − s_j), z̃ −= β̃(s_i − s_j); persist = commit;  i → j Commit(s_i)
///            j: z −= β(s_j − s_i), z̃ −= β̃(s_j − s_i); persist; unlock
/// </code>
/// Both ends apply an exchange, or neither does: who has accepted asks until the proposer says what it decided, and gives up only when that one has
/// said nothing for <see cref="DadaoOptions.DoubtSeconds"/>. A peer is locked once at a time,
/// always by one that is lower in the roster, and waiting for an answer locks nobody, so nobody waits in a circle. A "round" of a report is a
/// gradient of that peer.
/// <para>
/// The method diverges when exchanges are too few for the time that passes (χ1·χ2 above ½). So time is each peer's own: it stands still, and
/// gradients wait, while the peer's exchanges lag behind the rate that they should come at, be it that a network is slow or that neighbours are
/// gone. The clocks of the edges ring more often by <see cref="Margin"/> than they should come, so that chance alone hardly ever stops a time, and no time
/// goes faster than the exchanges that the constants are made for. A peer that nobody answers waits for good. Whatever the peers' times,
/// Σ (α̃z + αz̃) stays 0, and with it the limit is that of the paper.
/// </para>
/// </summary>
/// <param name="options">Options.</param>
/// <param name="rates">Rates of the edges of the graph that the mixing schedule is of, where all peers have agreed on them; null = by the options.</param>
public sealed partial class DadaoRounds(DadaoOptions options, EdgeRates? rates = null) : Protocol<DadaoRounds.Saved, DadaoRounds.Live>
{
    /// <inheritdoc/>
    public override string Name => "dadao";

    /// <inheritdoc/>
    public override byte Code => 9;

    /// <inheritdoc/>
    public override bool NeedsTopology => true;

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new() { Vectors = [setup.InitialModel, default, default, default, default, default] };

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    /// <inheritdoc/>
    protected override void OnStart(Turn<Saved, Live> turn)
    {
        // Who comes late has missed the time until now.
        turn.Durable = turn.Durable with { At = Later(turn) };
        Begin(turn);
    }

    private void Begin(Turn<Saved, Live> turn)
    {
        NextGradient(turn);
        foreach (PeerId partner in OwnEdges(turn.Setup).Keys)
        {
            ArmEdge(turn, partner);
        }
    }

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn)
    {
        if (turn.Durable.Doubt is { } doubt)
        {
            turn.Volatile = turn.Volatile with { DoubtSince = turn.Now };
            AskAgain(turn, doubt);
        }
        else
        {
            // Time stood still in the meantime.
            turn.Durable = turn.Durable with { At = Later(turn) };
        }

        Begin(turn);
    }

    /// <inheritdoc/>
    protected override void OnTimer(Turn<Saved, Live> turn, TimerId timer)
    {
        switch (timer.Name)
        {
            case "gradient":
                BecomesDue(turn, turn.Self);
                NextGradient(turn);
                break;
            case "edge" when OwnEdges(turn.Setup).ContainsKey(new PeerId((ulong)timer.Number)):
                ArmEdge(turn, new PeerId((ulong)timer.Number));
                ProposeTo(turn, new PeerId((ulong)timer.Number));
                break;
            case "answer" when turn.Volatile.Proposals.TryGetValue(new PeerId((ulong)timer.Number), out Proposal? proposal) && proposal.Sum.IsNone:
                if (proposal.Tries < Tries)
                {
                    SendProposal(turn, new PeerId((ulong)timer.Number), proposal with { Tries = proposal.Tries + 1 });
                }
                else
                {
                    GiveUp(turn, new PeerId((ulong)timer.Number));
                }

                break;
            case "doubt" when turn.Durable.Doubt is { } doubt && doubt.Number == timer.Number:
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
        DadaoParameters p = MethodOf(turn.Setup).Parameters;
        double[,] flow = Flow(turn, turn.Volatile.GradientAt);

        // Row of vector v: its flow, and its share of g = G − νx' − ỹ'.
        BeginStep(turn, StepKind.Gradient, turn.Self, turn.Volatile.GradientAt, [.. Enumerable.Range(0, DadaoFlow.Vectors).Select(v =>
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
        : after.Durable.Doubt is null && !after.Volatile.Committed.IsNone ? "a peer gave up an exchange that it knows to have happened"
        : after.Durable.Doubt is not null && after.Volatile.Training != 0 ? "a locked peer takes a gradient"
        : after.Durable.Doubt is { } doubt && after.Durable.At > doubt.At ? "a locked peer went past its exchange"
        : after.Durable.Ahead > MostAhead * (1 + 1e-9) / MethodOf(after.Setup).RateOf(after.Setup) ? "a peer's time ran away from its exchanges"
        : after.Volatile.Due.Distinct().Count() < after.Volatile.Due.Count ? "something is due more than once"
        : null;

    private static bool IsBusy(Turn<Saved, Live> turn) =>
        turn.Durable.Doubt is not null || turn.Volatile.Step is not null || turn.Volatile.Training != 0;

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

    // A clock that rings again before it was served rings once: what cannot be done in time is left out instead of piling up.
    private static void BecomesDue(Turn<Saved, Live> turn, PeerId what)
    {
        if (!turn.Volatile.Due.Contains(what))
        {
            turn.Volatile = turn.Volatile with { Due = turn.Volatile.Due.Add(what) };
        }
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
            else if (turn.Volatile.Proposals.TryGetValue(due, out Proposal? accepted))
            {
                Apply(turn, StepKind.Lead, due, Later(turn), accepted.Sum);
            }
            else
            {
                Answer(turn, due);
            }
        }
    }

    private void Probe(Turn<Saved, Live> turn)
    {
        long at = Later(turn);
        double[,] flow = Flow(turn, at);
        turn.Volatile = turn.Volatile with { GradientAt = at };
        BeginStep(turn, StepKind.Probe, turn.Self, at, [(0, Row(turn, c => flow[0, c]))]);
    }

    private static void BeginStep(
        Turn<Saved, Live> turn, StepKind kind, PeerId with, long at, ImmutableArray<(int Vector, ImmutableArray<Contribution> Row)> rows)
    {
        AggregationRule sum = new AggregationRule.LinearCombination();
        var pending = ImmutableSortedDictionary.CreateBuilder<long, int>();
        foreach ((int vector, ImmutableArray<Contribution> row) in rows)
        {
            pending.Add(turn.Aggregate(sum, row), vector);
        }

        turn.Volatile = turn.Volatile with
        {
            Step = new LinearStep(kind, with, at, pending.ToImmutable(), ImmutableSortedDictionary<int, ModelHandle>.Empty, Failed: false),
        };
    }

    private void EndStep(Turn<Saved, Live> turn, LinearStep step)
    {
        if (step.Failed)
        {
            turn.Report(ReportKind.WorkFailed, turn.Durable.Gradients, default, "vectors cannot be combined");
            GiveUp(turn, step.With);
            turn.Volatile = turn.Volatile with { Proposed = turn.Volatile.Proposed.Remove(step.With) };
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
                turn.Durable = Moved(turn, step) with { Gradients = turn.Durable.Gradients + 1 };
                turn.Persist();
                turn.Report(ReportKind.RoundCompleted, turn.Durable.Gradients, turn.Durable.Vectors[0]);
                break;
            default:
                EndExchangeStep(turn, step);
                break;
        }

        ArmGradient(turn);
    }
}
