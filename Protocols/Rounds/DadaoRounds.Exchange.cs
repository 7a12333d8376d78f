using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>The two-phase exchange of an edge.</content>
public sealed partial class DadaoRounds
{
    private const int Sum = DadaoFlow.Vectors;

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        switch (body)
        {
            case Propose propose when OwnsEdgeTo(turn, from):
                OnPropose(turn, from, propose);
                break;
            case Accept accept when turn.Volatile.Proposal is { Accepted: false } proposal && proposal.Partner == from && proposal.Number == accept.Number:
                OnAccept(turn, proposal, accept);
                break;
            case Accept accept when !turn.Durable.Commits.ContainsKey(from) && turn.Volatile.Proposal?.Number != accept.Number:
                turn.Send(from, new Abort(accept.Number));
                turn.Ignore("an answer that came too late");
                break;
            case Commit commit when turn.Durable.Doubt is { } doubt && doubt.Partner == from && doubt.Number == commit.Number && turn.Volatile.Step is null:
                Apply(turn, StepKind.Follow, doubt.At, commit.Sum);
                break;
            case Commit commit when turn.Durable.Doubt?.Number != commit.Number:
                turn.Send(from, new Done(commit.Number));
                turn.Ignore("repeated commit");
                break;
            case Ask ask:
                OnAsk(turn, from, ask);
                break;
            case Done done when turn.Durable.Commits.TryGetValue(from, out var commit) && commit.Number == done.Number:
                turn.Durable = turn.Durable with { Commits = turn.Durable.Commits.Remove(from) };
                break;
            case Abort abort:
                OnAbort(turn, from, abort);
                break;
            default:
                turn.Ignore("unknown message, or not of this exchange");
                break;
        }

        BeginNext(turn);
    }

    // The lower end proposes; a message from the higher one would be against the rules.
    private bool OwnsEdgeTo(Turn<Saved, Live> turn, PeerId from)
    {
        int self = turn.Setup.IndexOf(turn.Self), other = turn.Setup.IndexOf(from);
        return other >= 0 && other < self && Graph(turn.Setup).Item2.Graph.Neighbours[self].Contains(other);
    }

    private void ProposeTo(Turn<Saved, Live> turn, PeerId partner)
    {
        // A partner that has not said "done" is still in doubt about the last exchange: it hears of that first.
        if (turn.Durable.Commits.TryGetValue(partner, out var last))
        {
            turn.Send(partner, new Commit(last.Number, last.Sum));
            Postpone(turn, partner);
            return;
        }

        long number = turn.Now.Ticks;
        turn.Volatile = turn.Volatile with { Proposal = new Proposal(partner, number, Accepted: false) };
        turn.Send(partner, new Propose(number));
        turn.SetTimer(new TimerId("answer", number), TimeSpan.FromSeconds(options.AnswerSeconds));
    }

    private void OnPropose(Turn<Saved, Live> turn, PeerId from, Propose propose)
    {
        if (propose.Number <= turn.Volatile.Heard.GetValueOrDefault(from, -1) || propose.Number > turn.Now.Ticks + (RoundLimit.AtStart * UnitTicks))
        {
            turn.Ignore("repeated or unbelievable proposal");
            return;
        }

        turn.Volatile = turn.Volatile with { Heard = turn.Volatile.Heard.SetItem(from, propose.Number) };
        if (IsBusy(turn))
        {
            turn.Send(from, new Abort(propose.Number));
            return;
        }

        long at = Later(turn, propose.Number);
        double[,] flow = Flow(turn, at);
        turn.Volatile = turn.Volatile with { Accepting = new Proposal(from, propose.Number, Accepted: true) };
        BeginStep(turn, StepKind.Answer, at, [(Sum, Row(turn, c => flow[2, c] + flow[4, c]))]);
    }

    private void OnAccept(Turn<Saved, Live> turn, Proposal proposal, Accept accept)
    {
        if (accept.At < turn.Durable.At || accept.At > turn.Now.Ticks + (RoundLimit.AtStart * UnitTicks))
        {
            turn.Ignore("an unbelievable time");
            GiveUp(turn, proposal);
            return;
        }

        turn.CancelTimer(new TimerId("answer", proposal.Number));
        turn.Volatile = turn.Volatile with { Proposal = proposal with { Accepted = true } };
        Apply(turn, StepKind.Lead, accept.At, accept.Sum);
    }

    // z −= β(s − s'), z̃ −= β̃(s − s'), all at τ; s itself too, for the other end.
    private void Apply(Turn<Saved, Live> turn, StepKind kind, long at, ModelHandle others)
    {
        double[,] flow = Flow(turn, at);
        double tilde = Graph(turn.Setup).Item4.BetaTilde;
        double Own(int c) => flow[2, c] + flow[4, c];
        ImmutableArray<(int, ImmutableArray<Contribution>)> rows = [.. Enumerable.Range(0, DadaoFlow.Vectors).Select(v =>
        {
            double share = v switch { 4 => DadaoParameters.Beta, 5 => tilde, _ => 0 };
            return (v, Row(turn, c => flow[v, c] - (share * Own(c)), others, share));
        })];
        BeginStep(turn, kind, at, kind == StepKind.Lead ? rows.Add((Sum, Row(turn, Own))) : rows);
    }

    private void EndExchangeStep(Turn<Saved, Live> turn, LinearStep step)
    {
        if (step.Kind == StepKind.Answer && turn.Volatile.Accepting is { } accepting)
        {
            Doubt doubt = new(accepting.Partner, accepting.Number, step.At, step.Results[Sum]);
            turn.Volatile = turn.Volatile with { Accepting = null, DoubtSince = turn.Now };
            turn.Durable = turn.Durable with { Doubt = doubt };
            turn.Persist();
            turn.Send(doubt.Partner, new Accept(doubt.Number, doubt.At, doubt.Sum));
            turn.SetTimer(new TimerId("doubt", doubt.Number), TimeSpan.FromSeconds(options.AnswerSeconds));
        }
        else if (step.Kind == StepKind.Lead && turn.Volatile.Proposal is { } proposal)
        {
            turn.Volatile = turn.Volatile with { Proposal = null };
            turn.Durable = Moved(turn.Durable, step) with
            {
                Commits = turn.Durable.Commits.SetItem(proposal.Partner, (proposal.Number, step.Results[Sum])),
                Exchanges = turn.Durable.Exchanges + 1,
            };
            turn.Persist();
            turn.Send(proposal.Partner, new Commit(proposal.Number, step.Results[Sum]));
        }
        else if (step.Kind == StepKind.Follow && turn.Durable.Doubt is { } followed)
        {
            turn.Durable = Moved(turn.Durable, step) with { Doubt = null };
            turn.Persist();
            turn.Send(followed.Partner, new Done(followed.Number));
            turn.CancelTimer(new TimerId("doubt", followed.Number));
        }
    }

    private void AbandonExchange(Turn<Saved, Live> turn, StepKind kind)
    {
        if (kind == StepKind.Answer)
        {
            turn.Volatile = turn.Volatile with { Accepting = null };
        }
        else if (kind == StepKind.Lead && turn.Volatile.Proposal is { } proposal)
        {
            GiveUp(turn, proposal);
        }
    }

    // Nothing is persisted of a proposal: whoever asks later gets the same answer.
    private void GiveUp(Turn<Saved, Live> turn, Proposal proposal)
    {
        turn.Volatile = turn.Volatile with { Proposal = null };
        turn.Send(proposal.Partner, new Abort(proposal.Number));
    }

    private void OnAsk(Turn<Saved, Live> turn, PeerId from, Ask ask)
    {
        if (turn.Durable.Commits.TryGetValue(from, out var commit) && commit.Number == ask.Number)
        {
            turn.Send(from, new Commit(commit.Number, commit.Sum));
        }
        else if (turn.Volatile.Proposal?.Number != ask.Number)
        {
            turn.Send(from, new Abort(ask.Number));
        }
        else
        {
            turn.Ignore("asked while still at it");
        }
    }

    private void OnAbort(Turn<Saved, Live> turn, PeerId from, Abort abort)
    {
        if (turn.Durable.Doubt is { } doubt && doubt.Partner == from && doubt.Number == abort.Number && turn.Volatile.Step is null)
        {
            turn.Durable = turn.Durable with { Doubt = null };
            turn.Persist();
            turn.CancelTimer(new TimerId("doubt", doubt.Number));
        }
        else if (turn.Volatile.Proposal is { Accepted: false } proposal && proposal.Partner == from && proposal.Number == abort.Number)
        {
            // The partner was busy: this communication stays due.
            turn.CancelTimer(new TimerId("answer", proposal.Number));
            turn.Volatile = turn.Volatile with { Proposal = null };
            Postpone(turn, from);
        }
        else
        {
            turn.Ignore("stale abort");
        }
    }

    private void Postpone(Turn<Saved, Live> turn, PeerId partner)
    {
        turn.Volatile = turn.Volatile with { Postponed = turn.Volatile.Postponed.Add(partner) };
        turn.SetTimer(new TimerId("retry"), TimeSpan.FromSeconds(options.UnitSeconds / 20));
    }

    private void AskAgain(Turn<Saved, Live> turn, Doubt doubt)
    {
        if (turn.Now - turn.Volatile.DoubtSince >= TimeSpan.FromSeconds(options.DoubtSeconds))
        {
            turn.Report(ReportKind.Rescue, turn.Durable.Gradients, default, $"{doubt.Partner} does not say what became of an exchange; it is taken not to have happened");
            turn.Durable = turn.Durable with { Doubt = null };
            turn.Persist();
            return;
        }

        turn.Send(doubt.Partner, new Ask(doubt.Number));
        turn.SetTimer(new TimerId("doubt", doubt.Number), TimeSpan.FromSeconds(options.AnswerSeconds));
    }
}
