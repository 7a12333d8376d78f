using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>What a peer does after a crash that was too short for the others to notice, and what it does not believe.</content>
public sealed partial class Modest
{
    // Restarts that one message may tell of at once. Nobody restarts that often; believed, it would use up a victim's counters.
    private const long CounterReach = 1 << 20;

    private static readonly TimerId Resume = new("resume");

    /// <inheritdoc/>
    protected override void OnRecover(Turn<Saved, Live> turn)
    {
        BeginHeartbeats(turn);
        Rejoin(turn);
        if (!WaitsForEver)
        {
            // Until then the answers to the JOIN have told how far the others are.
            turn.SetTimer(Resume, PingTime);
        }
    }

    // The others saw this peer answer all the time and wait for it: it does again what it had begun and nobody has seen the end of.
    private void ResumeRound(Turn<Saved, Live> turn)
    {
        Saved saved = turn.Durable;
        long estimate = RoundEstimate(turn);
        if (saved.AggregateRound > 0 && saved.AggregateRound == saved.LastRound && estimate == saved.LastRound && turn.Volatile.Collection is null)
        {
            turn.Report(ReportKind.Rescue, saved.LastRound, saved.LastModel, "back from a crash as aggregator: the sample is drawn again");
            turn.Volatile = turn.Volatile with { Custody = new Custody(saved.LastRound, saved.LastModel, [], turn.Now) };
            BeginSampleSearch(turn, saved.LastRound);
        }

        if (saved.TrainRound > 0 && saved.TrainRound == saved.LastRound && estimate <= saved.TrainRound + 1
            && turn.Volatile.Training is null && turn.Volatile.Handover is null)
        {
            turn.Report(ReportKind.Rescue, saved.TrainRound, saved.LastModel, "back from a crash as trainer: the round is trained again");
            long work = turn.Train(saved.LastModel, saved.TrainRound, options.Steps);
            turn.Volatile = turn.Volatile with { Training = new Training(work, saved.LastModel, []) };
        }
    }

    // A JOIN of an aggregator that has our model: it lost it.
    private void SendAgainIfRestarted(Turn<Saved, Live> turn, PeerId from)
    {
        if (turn.Volatile.Handover is { } handover && handover.SentTo.Contains(from))
        {
            turn.Volatile = turn.Volatile with { Handover = handover with { SentTo = handover.SentTo.Remove(from) } };
            AggregatorsFound(turn, [from]);
        }
    }

    // What a pong tells a trainer of k_agg: a round whose models were lost in a crash, or could not be aggregated, is not had; nor is one that
    // is collected and lacks the trainer's model.
    private static long HeldRound(Turn<Saved, Live> turn, PeerId trainer)
    {
        bool lacks = turn.Volatile.Collection is { } collection
            ? collection is { Work: 0, Done: false } && collection.Sample.Contains(trainer) && !collection.Models.ContainsKey(trainer)
            : turn.Durable.LastRound < turn.Durable.AggregateRound;
        return lacks ? turn.Durable.AggregateRound - 1 : turn.Durable.AggregateRound;
    }

    private static bool IsBelievable(Turn<Saved, Live> turn, MessageBody body)
    {
        long limit = RoundLimit.At(turn.Now);
        return body switch
        {
            Ping ping => ping.Round <= limit,
            Pong pong => Math.Max(pong.Round, Math.Max(pong.TrainRound, pong.AggregateRound)) <= limit,
            TrainOrder order => order.Round <= limit && IsBelievable(turn, order.View, limit),
            TrainedModel trained => trained.Round <= limit && IsBelievable(turn, trained.View, limit),
            Acknowledge acknowledge => acknowledge.Round <= limit,
            Advertise advertise => advertise.Round <= limit && advertise.Counter <= turn.Durable.View.HighestCounter + CounterReach,
            ShareView share => share.Round <= limit && IsBelievable(turn, share.View, limit),
            _ => true,
        };
    }

    private static bool IsBelievable(Turn<Saved, Live> turn, MembershipView view, long limit) =>
        view.Latest <= limit && view.HighestCounter <= turn.Durable.View.HighestCounter + CounterReach;
}
