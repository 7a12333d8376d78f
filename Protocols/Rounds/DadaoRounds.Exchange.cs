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

    // Times that a proposal is sent before its partner is taken for dead.
    private const int Tries = 8;

    private const int LongestBackOff = 4;

    /// <inheritdoc/>
    protected override void OnMessage(Turn<Saved, Live> turn, PeerId from, MessageBody body)
    {
        switch (body)
        {
            case Propose propose when OwnsEdgeTo(turn, from):
                OnPropose(turn, from, propose);
                break;
            case Accept accept:
                OnAccept(turn, from, accept);
                break;
            case Commit commit when turn.Durable.Doubt is { } doubt && doubt.Partner == from && doubt.Number == commit.Number && turn.Volatile.Step is null:
                Follow(turn, doubt, commit.Sum);
                break;
            case Commit commit when turn.Durable.Doubt?.Number != commit.Number:
                turn.Send(from, new Done(commit.Number));
                turn.Ignore("repeated commit");
                break;
            case Ask ask:
                OnAsk(turn, from, ask);
                break;
            case Undecided undecided when turn.Durable.Doubt is { } doubt && doubt.Partner == from && doubt.Number == undecided.Number:
                turn.Volatile = turn.Volatile with { DoubtSince = turn.Now };
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
        return other >= 0 && other < self && MethodOf(turn.Setup).Rates.Graph.Neighbours[self].Contains(other);
    }

    // An edge's clock rang. While the last exchange with this partner is not over there is no other: the ring is left out.
    private void ProposeTo(Turn<Saved, Live> turn, PeerId partner)
    {
        if (turn.Durable.Commits.TryGetValue(partner, out var last))
        {
            // A partner in doubt asks, but one that has forgotten must be told.
            TellAgain(turn, partner, new Commit(last.Number, last.Sum));
        }
        else if (!turn.Volatile.Proposals.ContainsKey(partner))
        {
            SendProposal(turn, partner, new Proposal(turn.Now.Ticks, 1, default));
        }
    }

    private void SendProposal(Turn<Saved, Live> turn, PeerId partner, Proposal proposal)
    {
        turn.Volatile = turn.Volatile with { Proposals = turn.Volatile.Proposals.SetItem(partner, proposal) };
        turn.Send(partner, new Propose(proposal.Number));
        turn.SetTimer(new TimerId("answer", (long)partner.Value), AnswerTime(turn));
    }

    // A proposal waits until this peer is free; one that is repeated keeps its place, and the answer that was lost is sent again.
    private void OnPropose(Turn<Saved, Live> turn, PeerId from, Propose propose)
    {
        if (turn.Durable.Doubt is { } doubt && doubt.Partner == from && doubt.Number == propose.Number)
        {
            turn.Ignore("repeated proposal");
            TellAgain(turn, from, new Accept(doubt.Number, doubt.Sum));
        }
        else if (propose.Number <= Math.Max(turn.Durable.Heard.GetValueOrDefault(from, -1), turn.Volatile.Proposed.GetValueOrDefault(from, -1))
            || propose.Number > turn.Now.Ticks + (RoundLimit.AtStart * UnitTicks))
        {
            turn.Ignore("repeated or unbelievable proposal");
        }
        else
        {
            turn.Volatile = turn.Volatile with { Proposed = turn.Volatile.Proposed.SetItem(from, propose.Number) };
            BecomesDue(turn, from);
        }
    }

    private void Answer(Turn<Saved, Live> turn, PeerId from)
    {
        long at = Later(turn);
        double[,] flow = Flow(turn, at);
        BeginStep(turn, StepKind.Answer, from, at, [(Sum, Row(turn, c => flow[2, c] + flow[4, c]))]);
    }

    // The partner is locked from here on: leading comes before whatever else is due.
    private void OnAccept(Turn<Saved, Live> turn, PeerId from, Accept accept)
    {
        if (turn.Volatile.Proposals.TryGetValue(from, out Proposal? proposal) && proposal.Number == accept.Number && proposal.Sum.IsNone)
        {
            turn.CancelTimer(new TimerId("answer", (long)from.Value));
            turn.Volatile = turn.Volatile with
            {
                Proposals = turn.Volatile.Proposals.SetItem(from, proposal with { Sum = accept.Sum }),
                Due = turn.Volatile.Due.Insert(0, from),
            };
        }
        else
        {
            turn.Ignore("an answer that came too late, or again");
            OnAsk(turn, from, new Ask(accept.Number));
        }
    }

    // Kept until the step is done: where it fails, the peer goes on with what it has, instead of asking for it at ever longer intervals.
    private void Follow(Turn<Saved, Live> turn, Doubt doubt, ModelHandle others)
    {
        turn.Volatile = turn.Volatile with { Committed = others };
        Apply(turn, StepKind.Follow, doubt.Partner, doubt.At, others);
    }

    // z −= β(s − s'), z̃ −= β̃(s − s'); s itself too, for the other end.
    private void Apply(Turn<Saved, Live> turn, StepKind kind, PeerId with, long at, ModelHandle others)
    {
        double[,] flow = Flow(turn, at);
        double tilde = MethodOf(turn.Setup).Parameters.BetaTilde;
        double Own(int c) => flow[2, c] + flow[4, c];
        ImmutableArray<(int, ImmutableArray<Contribution>)> rows = [.. Enumerable.Range(0, DadaoFlow.Vectors).Select(v =>
        {
            double share = v switch { 4 => DadaoParameters.Beta, 5 => tilde, _ => 0 };
            return (v, Row(turn, c => flow[v, c] - (share * Own(c)), others, share));
        })];
        BeginStep(turn, kind, with, at, kind == StepKind.Lead ? rows.Add((Sum, Row(turn, Own))) : rows);
    }

    private void EndExchangeStep(Turn<Saved, Live> turn, LinearStep step)
    {
        if (step.Kind == StepKind.Answer)
        {
            if (!turn.Volatile.Proposed.TryGetValue(step.With, out long number))
            {
                return; // taken back in the meantime
            }

            Doubt doubt = new(step.With, number, step.At, step.Results[Sum]);
            turn.Volatile = turn.Volatile with { Proposed = turn.Volatile.Proposed.Remove(step.With), DoubtSince = turn.Now };
            turn.Durable = turn.Durable with { Doubt = doubt, Heard = turn.Durable.Heard.SetItem(step.With, number) };
            turn.Persist();
            Tell(turn, doubt.Partner, new Accept(doubt.Number, doubt.Sum), 1);
            turn.SetTimer(new TimerId("doubt", doubt.Number), AnswerTime(turn));
        }
        else if (step.Kind == StepKind.Lead && turn.Volatile.Proposals.TryGetValue(step.With, out Proposal? proposal))
        {
            turn.Volatile = turn.Volatile with { Proposals = turn.Volatile.Proposals.Remove(step.With) };
            turn.Durable = Moved(turn, step, Margin) with
            {
                Commits = turn.Durable.Commits.SetItem(step.With, (proposal.Number, step.Results[Sum])),
                Exchanges = turn.Durable.Exchanges + 1,
            };
            turn.Persist();
            Tell(turn, step.With, new Commit(proposal.Number, step.Results[Sum]), 1);
        }
        else if (step.Kind == StepKind.Follow && turn.Durable.Doubt is { } followed)
        {
            turn.Durable = Moved(turn, step, Margin) with { Doubt = null };
            turn.Volatile = turn.Volatile with { Committed = default };
            turn.Persist();
            turn.Send(followed.Partner, new Done(followed.Number));
            turn.CancelTimer(new TimerId("doubt", followed.Number));
        }
    }

    private static void Tell(Turn<Saved, Live> turn, PeerId partner, MessageBody body, int times)
    {
        turn.Volatile = turn.Volatile with { Told = turn.Volatile.Told.SetItem(partner, (turn.Now, times)) };
        turn.Send(partner, body);
    }

    // A model again, at ever longer intervals: what was sent may still wait for a slow link, and would wait longer behind itself.
    private void TellAgain(Turn<Saved, Live> turn, PeerId partner, MessageBody body)
    {
        (TimeSpan at, int times) = turn.Volatile.Told.GetValueOrDefault(partner);
        if (times == 0 || turn.Now - at >= AnswerTime(turn) * (1 << Math.Min(times - 1, LongestBackOff)))
        {
            Tell(turn, partner, body, times + 1);
        }
    }

    // A model each way shares the links.
    private TimeSpan AnswerTime(Turn<Saved, Live> turn) => options.AnswerSeconds is { } seconds
        ? TimeSpan.FromSeconds(seconds)
        : turn.Setup.Estimate.Deadline(2).Time;

    // Nothing is persisted of a proposal: whoever asks later gets the same answer.
    private static void GiveUp(Turn<Saved, Live> turn, PeerId partner)
    {
        if (turn.Volatile.Proposals.TryGetValue(partner, out Proposal? proposal))
        {
            turn.Volatile = turn.Volatile with { Proposals = turn.Volatile.Proposals.Remove(partner) };
            turn.Send(partner, new Abort(proposal.Number));
        }
    }

    private void OnAsk(Turn<Saved, Live> turn, PeerId from, Ask ask)
    {
        if (turn.Durable.Commits.TryGetValue(from, out var commit) && commit.Number == ask.Number)
        {
            TellAgain(turn, from, new Commit(commit.Number, commit.Sum));
        }
        else if (!turn.Volatile.Proposals.TryGetValue(from, out Proposal? proposal) || proposal.Number != ask.Number)
        {
            turn.Send(from, new Abort(ask.Number));
        }
        else
        {
            turn.Send(from, new Undecided(ask.Number));
        }
    }

    private static void OnAbort(Turn<Saved, Live> turn, PeerId from, Abort abort)
    {
        if (turn.Durable.Doubt is { } doubt && doubt.Partner == from && doubt.Number == abort.Number && turn.Volatile.Committed.IsNone)
        {
            turn.Durable = turn.Durable with { Doubt = null };
            turn.Persist();
            turn.CancelTimer(new TimerId("doubt", doubt.Number));
        }
        else if (turn.Volatile.Proposed.TryGetValue(from, out long number) && number == abort.Number)
        {
            turn.Volatile = turn.Volatile with { Proposed = turn.Volatile.Proposed.Remove(from), Due = turn.Volatile.Due.Remove(from) };
        }
        else
        {
            turn.Ignore("stale abort");
        }
    }

    private void AskAgain(Turn<Saved, Live> turn, Doubt doubt)
    {
        if (!turn.Volatile.Committed.IsNone)
        {
            if (turn.Volatile.Step is null)
            {
                Follow(turn, doubt, turn.Volatile.Committed);
            }
        }
        else if (turn.Now - turn.Volatile.DoubtSince >= TimeSpan.FromSeconds(options.DoubtSeconds))
        {
            turn.Report(ReportKind.Rescue, turn.Durable.Gradients, default, $"{doubt.Partner} does not say what became of an exchange; it is taken not to have happened");
            turn.Durable = turn.Durable with { Doubt = null };
            turn.Persist();
            return;
        }
        else
        {
            turn.Send(doubt.Partner, new Ask(doubt.Number));
        }

        turn.SetTimer(new TimerId("doubt", doubt.Number), AnswerTime(turn));
    }
}
