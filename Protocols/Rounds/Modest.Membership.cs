using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;

namespace OrleansDDM.Protocols.Rounds;

/// <content>Membership: views, JOIN and LEAVE, heartbeats.</content>
public sealed partial class Modest
{
    private const int ContactsPerSample = 10;
    private const int ViewsWanted = 3;

    private static readonly ulong BeatRole = CounterRandom.Role("modest-heartbeat");

    /// <summary>The candidates of a round in this peer's view.</summary>
    public IEnumerable<PeerId> Candidates(PeerState state, long round)
    {
        var known = (PeerState<Saved, Live>)state;
        return known.Durable.View.Candidates(round, Inactivity(known.Durable.View), known.Setup.Self);
    }

    /// <summary>Highest round that this peer knows of.</summary>
    public static long RoundEstimate(PeerState state)
    {
        Saved saved = ((PeerState<Saved, Live>)state).Durable;
        return Math.Max(Math.Max(saved.TrainRound, saved.AggregateRound), saved.View.Latest);
    }

    /// <inheritdoc/>
    public override string? Disagreement(IReadOnlyList<PeerState> peers)
    {
        MembershipView[] views = [.. peers.Select(p => ((Saved)p.DurablePart).View)];
        return views.Select(v => v.Digest).Distinct().Count() > 1 ? "views differ"
            : peers.Any(p => views[0][p.Setup.Self] is not { Left: false }) ? "a view lacks someone who is there"
            : null;
    }

    /// <inheritdoc/>
    protected override void OnLeave(Turn<Saved, Live> turn)
    {
        turn.Durable = turn.Durable with { Counter = turn.Durable.Counter + 1 };
        turn.Durable = turn.Durable with
        {
            View = turn.Durable.View.Apply(turn.Self, new Member(RoundEstimate(turn), turn.Durable.Counter, Left: true)),
        };
        turn.Persist();
        AdvertiseToSome(turn, left: true);
    }

    // roundEstimate() = max(k_train, k_agg, max lastActive).
    private static long RoundEstimate(Turn<Saved, Live> turn) =>
        Math.Max(Math.Max(turn.Durable.TrainRound, turn.Durable.AggregateRound), turn.Durable.View.Latest);

    private IEnumerable<PeerId> Candidates(Turn<Saved, Live> turn, long round) =>
        turn.Durable.View.Candidates(round, Inactivity(turn.Durable.View), turn.Self);

    // Δk ≈ 5·n/s: with less, peers that are alive drop out because they were not sampled for a while.
    private long Inactivity(MembershipView view) => options.InactivityRounds ?? Math.Max(20, 5L * view.Ids.Length / options.SampleSize);

    // Views are compared by who is a member and who is a candidate now: activity as such changes all the time.
    private ulong Digest(Turn<Saved, Live> turn, MembershipView view) => view.DigestAt(RoundEstimate(turn), Inactivity(view));

    private static void Hear(Turn<Saved, Live> turn, PeerId from) => turn.Volatile = turn.Volatile with
    {
        Heard = turn.Volatile.Heard.SetItem(from, turn.Now),
        Suspects = turn.Volatile.Suspects.Remove(from),
        AggregatorSearch = Heard(turn.Volatile.AggregatorSearch, from),
        SampleSearch = Heard(turn.Volatile.SampleSearch, from),
    };

    private static void Suspect(Turn<Saved, Live> turn, PeerId peer)
    {
        if (peer != turn.Self && !turn.Volatile.Suspects.Contains(peer))
        {
            turn.Volatile = turn.Volatile with { Suspects = turn.Volatile.Suspects.Add(peer) };
            turn.Report(ReportKind.Suspected, RoundEstimate(turn), default, peer.ToString());
        }
    }

    private static void Touch(Turn<Saved, Live> turn, PeerId from, long round) =>
        turn.Durable = turn.Durable with { View = turn.Durable.View.Touch(from, Math.Max(round, RoundEstimate(turn))) };

    private void Merge(Turn<Saved, Live> turn, MembershipView view)
    {
        // Ids that are nobody's would stay for good: views only grow.
        turn.Durable = turn.Durable with { View = turn.Durable.View.Merge(view, peer => turn.Setup.IndexOf(peer) >= 0) };

        // Others believe that we left, or a life before a loss of memory told them more than we know: say again that we are here.
        if (turn.Durable.View[turn.Self] is { } self && (self.Left || self.Counter > turn.Durable.Counter))
        {
            turn.Durable = turn.Durable with { Counter = self.Counter };
            Rejoin(turn);
        }
    }

    private void Rejoin(Turn<Saved, Live> turn)
    {
        turn.Durable = turn.Durable with { Counter = turn.Durable.Counter + 1 };
        turn.Durable = turn.Durable with
        {
            View = turn.Durable.View.Apply(turn.Self, new Member(RoundEstimate(turn), turn.Durable.Counter, Left: false)),
        };
        turn.Persist();
        AdvertiseToSome(turn, left: false);
    }

    private void AdvertiseToSome(Turn<Saved, Live> turn, bool left)
    {
        PeerId[] members = [.. turn.Durable.View.Members.Where(m => !m.Value.Left && m.Key != turn.Self).Select(m => m.Key)];
        new CounterStream(turn.Setup.Seed, "modest-advertise", turn.Self.Value, (ulong)turn.Durable.Counter).Shuffle(members.AsSpan());
        int views = left ? 0 : ViewsWanted;
        foreach (PeerId member in members.Take(ContactsPerSample * options.SampleSize))
        {
            turn.Send(member, new Advertise(RoundEstimate(turn), turn.Durable.Counter, left, views-- > 0));
        }
    }

    private void OnAdvertise(Turn<Saved, Live> turn, PeerId from, Advertise advertise)
    {
        long known = Math.Max(
            turn.Durable.View[from]?.Counter ?? 0, turn.Volatile.Pending.TryGetValue(from, out Member pending) ? pending.Counter : 0);
        Member news = new(Math.Max(advertise.Round, RoundEstimate(turn)), advertise.Counter, advertise.Left);
        if (advertise.Left && (advertise.Counter < known || (advertise.Counter == known && turn.Durable.View[from] is { Left: true })))
        {
            // One that a later JOIN has overtaken must not undo it, not even while that waits.
            turn.Ignore("stale LEAVE");
        }
        else if (advertise.Left)
        {
            // LEAVE applies at once. Nobody else needs to ask a peer that is gone.
            turn.Durable = turn.Durable with { View = turn.Durable.View.Apply(from, news) };
            turn.Volatile = turn.Volatile with { Pending = turn.Volatile.Pending.Remove(from) };
        }
        else if (advertise.Counter > known)
        {
            turn.Volatile = turn.Volatile with { Pending = turn.Volatile.Pending.SetItem(from, news) };
            SendAgainIfRestarted(turn, from);
        }
        else if (turn.Durable.View[from] is { Left: false })
        {
            Touch(turn, from, advertise.Round);
        }
        else
        {
            turn.Ignore("stale JOIN");
        }

        if (advertise.WantsView)
        {
            turn.Send(from, new ShareView(RoundEstimate(turn), Answer: true, turn.Durable.View));
        }
    }

    private void OnShareView(Turn<Saved, Live> turn, PeerId from, ShareView share)
    {
        Merge(turn, share.View);
        Touch(turn, from, share.Round);
        if (share.Answer && Digest(turn, turn.Durable.View) != Digest(turn, share.View))
        {
            turn.Send(from, new ShareView(RoundEstimate(turn), Answer: false, turn.Durable.View));
        }
    }

    private void OnPing(Turn<Saved, Live> turn, PeerId from, Ping ping)
    {
        Touch(turn, from, ping.Round);
        turn.Send(from, new Pong(RoundEstimate(turn), turn.Durable.TrainRound, HeldRound(turn, from)));
        if (ping.Digest != 0 && ping.Digest != Digest(turn, turn.Durable.View))
        {
            turn.Send(from, new ShareView(RoundEstimate(turn), Answer: true, turn.Durable.View));
        }
    }

    private static void FlushPending(Turn<Saved, Live> turn)
    {
        foreach ((PeerId peer, Member member) in turn.Volatile.Pending)
        {
            Member now = member with { LastActive = Math.Max(member.LastActive, RoundEstimate(turn)) };
            turn.Durable = turn.Durable with { View = turn.Durable.View.Apply(peer, now) };
        }

        turn.Volatile = turn.Volatile with { Pending = turn.Volatile.Pending.Clear() };
    }

    private void BeginHeartbeats(Turn<Saved, Live> turn)
    {
        turn.Volatile = turn.Volatile with { SeenRound = RoundEstimate(turn), SeenAt = turn.Now };
        if (options.HeartbeatSeconds > 0)
        {
            double phase = CounterRandom.Unit(CounterRandom.Bits(turn.Setup.Seed, BeatRole, turn.Self.Value, ulong.MaxValue));
            turn.SetTimer(new TimerId("heartbeat"), TimeSpan.FromSeconds(phase * options.HeartbeatSeconds));
        }
    }

    private void OnHeartbeat(Turn<Saved, Live> turn)
    {
        turn.SetTimer(new TimerId("heartbeat"), TimeSpan.FromSeconds(options.HeartbeatSeconds));
        if (turn.Volatile.AggregatorSearch is null && turn.Volatile.SampleSearch is null)
        {
            FlushPending(turn);
        }

        if (turn.Volatile.Beat is { } beat && turn.Now - beat.At >= PingTime && turn.Volatile.Heard.GetValueOrDefault(beat.Peer) < beat.At)
        {
            Suspect(turn, beat.Peer);
        }

        long number = turn.Volatile.Numbers + 1;
        turn.Volatile = turn.Volatile with { Numbers = number, Beat = null };
        if (PickMember(turn, (ulong)number) is { } peer)
        {
            turn.Volatile = turn.Volatile with { Beat = (peer, turn.Now) };
            turn.Send(peer, new Ping(RoundEstimate(turn), Digest(turn, turn.Durable.View)));
        }

        RescueIfStalled(turn);
    }

    private static PeerId? PickMember(Turn<Saved, Live> turn, ulong number)
    {
        MembershipView view = turn.Durable.View;
        for (ulong attempt = 0; attempt < 8; attempt++)
        {
            ulong bits = CounterRandom.Bits(turn.Setup.Seed, BeatRole, turn.Self.Value, (number << 3) | attempt, (ulong)turn.Now.Ticks);
            PeerId peer = view.Ids[CounterRandom.Below(bits, view.Ids.Length)];
            if (peer != turn.Self && view[peer] is { Left: false })
            {
                return peer;
            }
        }

        return null;
    }
}
