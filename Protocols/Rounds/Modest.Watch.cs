using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Rounds;

/// <content>Who holds a model watches until the next holder is seen to have it.</content>
public sealed partial class Modest
{
    private static void NoteProgress(Turn<Saved, Live> turn)
    {
        long round = RoundEstimate(turn);
        if (round > turn.Volatile.SeenRound)
        {
            turn.Volatile = turn.Volatile with { SeenRound = round, SeenAt = turn.Now };
            if (turn.Volatile.Handover is { } handover && handover.Round < round)
            {
                DropHandover(turn, handover.Round);
            }

            if (turn.Volatile.Custody is { } custody && custody.Round < round)
            {
                turn.Volatile = turn.Volatile with { Custody = null, SampleSearch = null };
            }
        }
    }

    private static void DropHandover(Turn<Saved, Live> turn, long round)
    {
        if (turn.Volatile.Handover is { } handover && handover.Round <= round)
        {
            turn.CancelTimer(new TimerId("handover", handover.Round));
            turn.Volatile = turn.Volatile with { Handover = null, AggregatorSearch = null };
        }
    }

    // A trainer watches the aggregators: if none of them is alive, the next in order gets the model.
    private void WatchAggregators(Turn<Saved, Live> turn, Handover handover)
    {
        List<PeerId> silent = AskAndSuspect(turn, handover.SentTo, handover.Since);
        if (silent.Count > 0 && silent.Count == handover.SentTo.Count && turn.Volatile.AggregatorSearch is null)
        {
            turn.Report(ReportKind.Rescue, handover.Round, handover.Model, "the aggregators do not answer; the next in order are asked");
            HandOver(turn, handover with { SentTo = [], Since = turn.Now });
        }

        if (handover.SentTo.Contains(turn.Self))
        {
            // Nobody pings itself, and what a pong would tell is known.
            SendAgainIfLost(turn, turn.Self, new Pong(0, turn.Durable.TrainRound, HeldRound(turn, turn.Self)));
        }

        turn.SetTimer(new TimerId("handover", handover.Round), PingTime / 2);
    }

    // An aggregator watches the trainers that it waits for.
    private void WatchTrainers(Turn<Saved, Live> turn, Collection collection)
    {
        TimeSpan waited = turn.Now - collection.Since;
        if (collection.Sample.IsEmpty)
        {
            // A lost round is being mended: nobody knows how many will come.
            Aggregate(turn, collection);
            return;
        }

        AskAndSuspect(turn, collection.Sample.Where(p => !collection.Models.ContainsKey(p)), collection.Since);
        (TimeSpan deadline, string reason) = AggregationDeadline(turn);
        if (waited >= deadline && (collection.Models.Count >= Math.Min(options.MinimumModels, collection.Sample.Length) || waited >= 2 * deadline))
        {
            turn.Report(ReportKind.Deadline, turn.Durable.AggregateRound, default, $"{collection.Models.Count} of {collection.Sample.Length} models came within {reason}");
            Aggregate(turn, collection);
            return;
        }

        turn.SetTimer(new TimerId("collection", turn.Durable.AggregateRound), PingTime / 2);
        AggregateIfEnough(turn);
    }

    // An aggregator watches its sample: if all of it died, another is drawn.
    private void WatchSample(Turn<Saved, Live> turn, Custody custody)
    {
        if (turn.Volatile.SampleSearch is null)
        {
            List<PeerId> silent = AskAndSuspect(turn, custody.Sample, custody.Since);
            if (silent.Count == custody.Sample.Length)
            {
                turn.Report(ReportKind.Rescue, custody.Round, custody.Model, "nobody of the sample answers; another is drawn");
                BeginSampleSearch(turn, custody.Round);
            }
        }

        turn.SetTimer(new TimerId("custody", custody.Round), PingTime / 2);
    }

    // A pong tells what its sender has received; if that is less than we sent it, and time enough has passed, it is sent again.
    private void SendAgainIfLost(Turn<Saved, Live> turn, PeerId from, Pong pong)
    {
        TimeSpan patience = PingTime + turn.Setup.Estimate.Deadline(options.SampleSize).Time;
        if (turn.Volatile.Handover is { } handover && handover.SentTo.Contains(from)
            && pong.AggregateRound < handover.Round && turn.Now - handover.Since > patience)
        {
            turn.Volatile = turn.Volatile with { Handover = handover with { SentTo = handover.SentTo.Remove(from) } };
            AggregatorsFound(turn, [from]);
        }

        if (turn.Volatile.Custody is { } custody && custody.Sample.Contains(from)
            && pong.TrainRound < custody.Round && turn.Now - custody.Since > patience)
        {
            turn.Volatile = turn.Volatile with { Custody = custody with { Since = turn.Now } };
            turn.Send(from, new TrainOrder(custody.Round, custody.Model, custody.Sample, turn.Durable.View));
        }
    }

    // The backstop when every holder died: who sees no new round for long hands in the newest model that it knows.
    private void RescueIfStalled(Turn<Saved, Live> turn)
    {
        bool works = turn.Volatile.Training is not null || turn.Volatile.Collection is { Done: false } || turn.Volatile.AggregatorSearch is not null;
        if (works || turn.Now - turn.Volatile.SeenAt < StallTime(turn))
        {
            return;
        }

        long round = RoundEstimate(turn) + 1;
        Handover rescue = turn.Volatile.Handover is { } own
            ? own with { Round = round, Sample = [], SentTo = [], Since = turn.Now }
            : new Handover(round, turn.Durable.LastRound, turn.Durable.LastModel, [], [], turn.Now);
        turn.Volatile = turn.Volatile with { SeenAt = turn.Now };
        turn.Report(ReportKind.Rescue, round, rescue.Model, $"no new round for {StallTime(turn).TotalSeconds:0.###} s");
        HandOver(turn, rescue);
    }

    // Pings those of them that are not known to be alive just now; returns and suspects those that were silent for 1.5 Δt.
    private List<PeerId> AskAndSuspect(Turn<Saved, Live> turn, IEnumerable<PeerId> peers, TimeSpan since)
    {
        List<PeerId> silent = [];
        foreach (PeerId peer in peers)
        {
            TimeSpan heard = turn.Volatile.Heard.GetValueOrDefault(peer);
            if (peer == turn.Self)
            {
                continue;
            }

            if (turn.Now - (heard > since ? heard : since) >= 1.5 * PingTime)
            {
                silent.Add(peer);
                Suspect(turn, peer);
            }
            else
            {
                turn.Send(peer, new Ping(RoundEstimate(turn), 0));
            }
        }

        return silent;
    }

    private (TimeSpan Time, string Reason) AggregationDeadline(Turn<Saved, Live> turn) => options.AggregationSeconds is { } seconds
        ? (TimeSpan.FromSeconds(seconds), FormattableString.Invariant($"{seconds} s as set"))
        : turn.Setup.Estimate.Deadline(options.SampleSize);

    private TimeSpan StallTime(Turn<Saved, Live> turn) => options.StallSeconds is { } seconds
        ? TimeSpan.FromSeconds(seconds)
        : 2 * (turn.Setup.Estimate.Deadline(2 * options.SampleSize).Time + PingTime);
}
