using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;

namespace OrleansDDM.Protocols.Rounds;

/// <content>Sample(k, cnt): the first cnt peers alive in the hash order of round k.</content>
public sealed partial class Modest
{
    private const int Ahead = 2;

    private void HandOver(Turn<Saved, Live> turn, Handover handover)
    {
        turn.Volatile = turn.Volatile with { Handover = handover };
        turn.Volatile = turn.Volatile with { AggregatorSearch = Begin(turn, handover.Round, options.Aggregators) };
    }

    private void BeginSampleSearch(Turn<Saved, Live> turn, long round) =>
        turn.Volatile = turn.Volatile with { SampleSearch = Begin(turn, round, options.SampleSize) };

    private Search Begin(Turn<Saved, Live> turn, long round, int count)
    {
        long number = turn.Volatile.Numbers + 1;
        turn.Volatile = turn.Volatile with { Numbers = number };
        Search search = new(
            number, round, count, count + Ahead, HashOrder.Sort(Candidates(turn, round), round),
            ImmutableSortedDictionary<PeerId, int>.Empty, [turn.Self], turn.Volatile.Suspects.Remove(turn.Self));
        turn.SetTimer(new TimerId("ping", number), PingTime / 2);
        return AskMore(turn, search);
    }

    // Pings in the order, in parallel, until Target peers are alive or asked.
    private static Search AskMore(Turn<Saved, Live> turn, Search search)
    {
        var asked = search.Asked.ToBuilder();
        int open = asked.Count + search.Alive.Count;
        foreach (PeerId peer in search.Order)
        {
            if (open >= search.Target)
            {
                break;
            }

            if (!asked.ContainsKey(peer) && !search.Alive.Contains(peer) && !search.Dead.Contains(peer))
            {
                asked.Add(peer, 0);
                open++;
                turn.Send(peer, new Ping(RoundEstimate(turn), 0));
            }
        }

        return search with { Asked = asked.ToImmutable() };
    }

    private void OnPingTimer(Turn<Saved, Live> turn, long number)
    {
        if (turn.Volatile.AggregatorSearch is { } a && a.Number == number)
        {
            turn.Volatile = turn.Volatile with { AggregatorSearch = Tick(turn, a) };
        }
        else if (turn.Volatile.SampleSearch is { } s && s.Number == number)
        {
            turn.Volatile = turn.Volatile with { SampleSearch = Tick(turn, s) };
        }
        else
        {
            turn.Ignore("stale timer");
        }
    }

    // After half of Δt a ping is repeated, after Δt its peer is dead for this search and three times as many are asked.
    private Search Tick(Turn<Saved, Live> turn, Search search)
    {
        var asked = search.Asked.ToBuilder();
        ImmutableSortedSet<PeerId> dead = search.Dead;
        foreach ((PeerId peer, int age) in search.Asked)
        {
            if (age >= 1)
            {
                asked.Remove(peer);
                dead = dead.Add(peer);
                Suspect(turn, peer);
            }
            else
            {
                asked[peer] = age + 1;
                turn.Send(peer, new Ping(RoundEstimate(turn), 0));
            }
        }

        int target = dead.Count > search.Dead.Count ? search.Target * 3 : search.Target;
        turn.SetTimer(new TimerId("ping", search.Number), PingTime / 2);
        return AskMore(turn, search with { Asked = asked.ToImmutable(), Dead = dead, Target = target });
    }

    private void AdvanceSearches(Turn<Saved, Live> turn)
    {
        if (turn.Volatile.AggregatorSearch is { } a && Found(a) is { } aggregators)
        {
            turn.CancelTimer(new TimerId("ping", a.Number));
            turn.Volatile = turn.Volatile with { AggregatorSearch = null };
            AggregatorsFound(turn, aggregators);
        }

        if (turn.Volatile.SampleSearch is { } s && Found(s) is { } sample)
        {
            turn.CancelTimer(new TimerId("ping", s.Number));
            turn.Volatile = turn.Volatile with { SampleSearch = null };
            SampleFound(turn, sample);
        }
    }

    // Done when nobody before the cnt-th live peer of the order is still in doubt, or nobody is left.
    private static ImmutableArray<PeerId>? Found(Search search)
    {
        List<PeerId> found = [];
        foreach (PeerId peer in search.Order)
        {
            if (search.Alive.Contains(peer))
            {
                found.Add(peer);
            }
            else if (!search.Dead.Contains(peer))
            {
                return null;
            }

            if (found.Count == search.Count)
            {
                break;
            }
        }

        return [.. found];
    }

    private static Search? Heard(Search? search, PeerId peer) =>
        search is null || (!search.Asked.ContainsKey(peer) && !search.Dead.Contains(peer)) ? search
        : search with { Asked = search.Asked.Remove(peer), Dead = search.Dead.Remove(peer), Alive = search.Alive.Add(peer) };
}
