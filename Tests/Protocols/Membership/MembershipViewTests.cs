using CsCheck;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Membership;

public sealed class MembershipViewTests
{
    private static readonly Gen<MembershipView> Views =
        Gen.Select(Gen.ULong[0, 5], Gen.Long[0, 9], Gen.Long[1, 3], Gen.Bool).List[0, 8].Select(entries =>
            entries.Aggregate(MembershipView.Empty, (v, e) => v.Apply(new PeerId(e.Item1), new Member(e.Item2, e.Item3, e.Item4))));

    [Fact]
    public void Merge_is_commutative_associative_and_idempotent() => Views.Select(Views, Views).Sample((a, b, c) =>
        Same(a.Merge(b), b.Merge(a)) && Same(a.Merge(b).Merge(c), a.Merge(b.Merge(c))) && Same(a.Merge(a), a));

    [Fact]
    public void Digest_and_latest_kept_step_by_step_are_those_of_the_whole() => Views.Select(Views).Sample((a, b) =>
    {
        _ = a.DigestAt(9, 4);
        MembershipView merged = a.Merge(b), read = Read(merged);
        return read.Digest == merged.Digest && read.DigestAt(9, 4) == merged.DigestAt(9, 4) && read.DigestAt(8, 1) == merged.DigestAt(8, 1) && Same(read, merged)
            && merged.Latest == merged.Members.Select(m => m.Value.LastActive).DefaultIfEmpty().Max();
    });

    [Fact]
    public void Merge_writes_the_counter_into_the_counter_and_activity_into_activity()
    {
        // The published code (tag modest-mw23) wrote the counter into the activity slot.
        MembershipView mine = MembershipView.Empty.Apply(new(1), new Member(40, 2, false));
        MembershipView theirs = MembershipView.Empty.Apply(new(1), new Member(30, 7, true));

        Assert.Equal(new Member(40, 7, true), mine.Merge(theirs)[new(1)]);
    }

    [Fact]
    public void Stale_join_does_not_bring_back_who_left()
    {
        MembershipView left = MembershipView.Empty.Apply(new(1), new Member(10, 3, true));

        Assert.True(left.Apply(new(1), new Member(50, 2, false))[new(1)]!.Value.Left);
        Assert.True(left.Apply(new(1), new Member(50, 3, false))[new(1)]!.Value.Left);
        Assert.False(left.Apply(new(1), new Member(50, 4, false))[new(1)]!.Value.Left);
    }

    [Fact]
    public void Candidates_are_recent_members_and_always_oneself()
    {
        MembershipView view = MembershipView.Of([new(1), new(2), new(3)]).Touch(new(2), 90).Apply(new(3), new Member(95, 2, true));

        Assert.Equal([new PeerId(1), new PeerId(2)], view.Candidates(100, 20, new PeerId(1)));
        Assert.Equal([new PeerId(2), new PeerId(3)], view.Candidates(100, 20, new PeerId(3)));
        Assert.Equal([new PeerId(1), new PeerId(2)], view.Candidates(100, 100, new PeerId(2)));
    }

    [Fact]
    public void Hash_order_is_md5_of_id_dash_round()
    {
        PeerId[] peers = [.. Enumerable.Range(0, 50).Select(i => new PeerId((ulong)i))];
        IEnumerable<PeerId> expected = peers.OrderBy(p => Convert.ToHexString(System.Security.Cryptography.MD5.HashData(
            [.. Convert.FromHexString(p.Value.ToString("x16")), .. System.Text.Encoding.ASCII.GetBytes("-137")])), StringComparer.Ordinal);

        Assert.Equal(expected, HashOrder.Sort(peers.Reverse(), 137));
        Assert.NotEqual(HashOrder.Sort(peers, 137).AsEnumerable(), HashOrder.Sort(peers, 138));
    }

    private static MembershipView Read(MembershipView view)
    {
        FrameWriter writer = new();
        view.Write(writer);
        FrameReader reader = new(writer.Written);
        return MembershipView.Read(ref reader);
    }

    private static bool Same(MembershipView a, MembershipView b) =>
        a.Members.SequenceEqual(b.Members) && a.Digest == b.Digest && a.Latest == b.Latest;
}
