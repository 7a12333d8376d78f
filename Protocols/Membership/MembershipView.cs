using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Membership;

/// <summary>
/// Who is in the island, as one peer sees it: MoDeST's registry and activity in one map. A conflict-free replicated type: merging is
/// commutative, associative and idempotent (highest counter wins, LEAVE wins over JOIN of the same counter, highest activity wins). Immutable.
/// </summary>
public sealed class MembershipView
{
    /// <summary>Bytes of one member on the wire.</summary>
    public const int EntryBytes = PeerId.Size + 8 + 8 + 1;

    private readonly ImmutableSortedDictionary<PeerId, Member> _members;

    // The digest asked for last; handed on and mended from view to view, because counting it anew takes as long as the view is.
    private Candidacy? _candidacy;

    private MembershipView(ImmutableSortedDictionary<PeerId, Member> members, ImmutableArray<PeerId> ids, long latest, long highest, ulong digest)
    {
        _members = members;
        Ids = ids;
        Latest = latest;
        HighestCounter = highest;
        Digest = digest;
    }

    /// <summary>Nobody.</summary>
    public static MembershipView Empty { get; } = new(ImmutableSortedDictionary<PeerId, Member>.Empty, [], 0, 0, 0);

    /// <summary>Every peer ever heard of, those that left too, ascending.</summary>
    public ImmutableArray<PeerId> Ids { get; }

    /// <summary>Highest round in which anyone was known to be active.</summary>
    public long Latest { get; }

    /// <summary>Highest membership counter of anyone.</summary>
    public long HighestCounter { get; }

    /// <summary>Equal for equal membership (counters and events); activity does not count.</summary>
    public ulong Digest { get; }

    /// <summary>Equal for equal membership and equal candidates of a round. Never 0.</summary>
    /// <param name="round">The round.</param>
    /// <param name="inactivity">Δk.</param>
    public ulong DigestAt(long round, long inactivity)
    {
        long oldest = round - inactivity;
        if (_candidacy is not { } known || known.Oldest != oldest)
        {
            ulong digest = 0;
            foreach ((PeerId peer, Member member) in _members)
            {
                digest ^= CandidateMark(peer, member, oldest);
            }

            _candidacy = known = new Candidacy(oldest, digest);
        }

        return Math.Max(1, Digest ^ known.Digest);
    }

    /// <summary>The members in ascending order.</summary>
    public IEnumerable<KeyValuePair<PeerId, Member>> Members => _members;

    /// <summary>What is known of a peer; null = nothing.</summary>
    public Member? this[PeerId peer] => _members.TryGetValue(peer, out Member member) ? member : null;

    /// <summary>A view in which these peers have joined, with counter 1 and activity 0.</summary>
    public static MembershipView Of(IEnumerable<PeerId> peers) =>
        Empty.With(peers.Select(p => KeyValuePair.Create(p, new Member(0, 1, Left: false))));

    /// <summary>Peers that may be sampled in a round: not left, and active within the last <paramref name="inactivity"/> rounds. Oneself always is.</summary>
    public IEnumerable<PeerId> Candidates(long round, long inactivity, PeerId self) =>
        _members.Where(m => m.Key == self || (!m.Value.Left && m.Value.LastActive >= round - inactivity)).Select(m => m.Key);

    /// <summary>The peer was alive in this round. Peers that are unknown stay so: activity is no membership.</summary>
    public MembershipView Touch(PeerId peer, long round) =>
        _members.TryGetValue(peer, out Member member) && member.LastActive < round
            ? With([KeyValuePair.Create(peer, member with { LastActive = round })])
            : this;

    /// <summary>Takes over a membership event if its counter is higher than the known one (or equal, and it is a LEAVE).</summary>
    public MembershipView Apply(PeerId peer, Member news) => With([KeyValuePair.Create(peer, Joined(this[peer], news))]);

    /// <summary>Everything that either view knows.</summary>
    /// <param name="other">The other view.</param>
    /// <param name="admits">Which peers that this view does not know are taken in; null = all.</param>
    public MembershipView Merge(MembershipView other, Func<PeerId, bool>? admits = null) => ReferenceEquals(this, other)
        ? this
        : With(News(other, admits));

    /// <summary>Writes 4 bytes and <see cref="EntryBytes"/> for each member.</summary>
    public void Write(FrameWriter writer)
    {
        writer.Count(_members.Count);
        foreach ((PeerId peer, Member member) in _members)
        {
            writer.Peer(peer);
            writer.Number(member.LastActive);
            writer.Number(member.Counter);
            writer.Flag(member.Left);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote; members must come in ascending order.</summary>
    public static MembershipView Read(ref FrameReader reader)
    {
        int count = reader.Count(EntryBytes);
        var members = new KeyValuePair<PeerId, Member>[count];
        for (int i = 0; i < count; i++)
        {
            members[i] = KeyValuePair.Create(reader.Peer(), new Member(reader.Number(), reader.Number(), reader.Flag()));
            if (i > 0 && members[i].Key.CompareTo(members[i - 1].Key) <= 0)
            {
                reader.Refuse();
            }
        }

        return reader.Failed ? Empty : Empty.With(members);
    }

    private static Member Joined(Member? known, Member news) =>
        known is not { } old ? news
        : news.Counter > old.Counter || (news.Counter == old.Counter && news.Left)
            ? news with { LastActive = Math.Max(old.LastActive, news.LastActive) }
            : old with { LastActive = Math.Max(old.LastActive, news.LastActive) };

    private IEnumerable<KeyValuePair<PeerId, Member>> News(MembershipView other, Func<PeerId, bool>? admits)
    {
        foreach ((PeerId peer, Member news) in other._members)
        {
            Member? known = this[peer];
            if (known is not null || admits is null || admits(peer))
            {
                yield return KeyValuePair.Create(peer, Joined(known, news));
            }
        }
    }

    private static ulong Mark(PeerId peer, Member member) =>
        CounterRandom.Bits(peer.Value, 0x4D656D626572, (ulong)member.Counter, member.Left ? 1u : 0u);

    private static ulong CandidateMark(PeerId peer, Member member, long oldest) =>
        !member.Left && member.LastActive >= oldest ? CounterRandom.Mix(peer.Value + 1) : 0;

    private MembershipView With(IEnumerable<KeyValuePair<PeerId, Member>> changes)
    {
        ImmutableSortedDictionary<PeerId, Member>.Builder? builder = null;
        long latest = Latest, highest = HighestCounter;
        ulong digest = Digest;
        Candidacy? candidacy = _candidacy;
        foreach ((PeerId peer, Member member) in changes)
        {
            bool known = _members.TryGetValue(peer, out Member old);
            if (known && old == member)
            {
                continue;
            }

            builder ??= _members.ToBuilder();
            builder[peer] = member;
            latest = Math.Max(latest, member.LastActive);
            highest = Math.Max(highest, member.Counter);
            digest ^= (known ? Mark(peer, old) : 0) ^ Mark(peer, member);
            candidacy = candidacy is null ? null : candidacy with
            {
                Digest = candidacy.Digest ^ (known ? CandidateMark(peer, old, candidacy.Oldest) : 0) ^ CandidateMark(peer, member, candidacy.Oldest),
            };
        }

        if (builder is null)
        {
            return this;
        }

        ImmutableSortedDictionary<PeerId, Member> members = builder.ToImmutable();
        return new MembershipView(members, members.Count == Ids.Length ? Ids : [.. members.Keys], latest, highest, digest) { _candidacy = candidacy };
    }

    private sealed record Candidacy(long Oldest, ulong Digest);
}
