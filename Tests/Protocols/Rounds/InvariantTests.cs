using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

/// <summary>What the simulator checks after every step: that the invariants of a protocol see what would break them.</summary>
public sealed class InvariantTests
{
    private static readonly ModelHandle Old = ModelHandle.OfContent([1]);

    private static readonly ModelHandle New = ModelHandle.OfContent([2]);

    [Theory]
    [InlineData(10, 3, null)]
    [InlineData(15, 4, null)]
    [InlineData(9, 4, "age")]
    [InlineData(15, 2, "training")]
    [InlineData(15, 5, "training")]
    public void Age_and_trainings_of_gossip_never_fall_and_trainings_rise_by_one(long age, long merges, string? violation)
    {
        GossipLearning protocol = new(new GossipOptions());
        var before = (PeerState<GossipLearning.Saved, GossipLearning.Live>)protocol.Create(Setup());
        before = before with { Durable = new GossipLearning.Saved(10, 3, Old) };

        AssertSays(violation, protocol.Violation(before, before with { Durable = new GossipLearning.Saved(age, merges, New) }));
    }

    [Theory]
    [InlineData(6, "new", null)]
    [InlineData(6, "old", null)]
    [InlineData(30, "old", null)]
    [InlineData(5, "new", "without the end of an exchange")]
    [InlineData(30, "new", "without the end of an exchange")]
    [InlineData(6, "none", "lost")]
    [InlineData(4, "old", "went back")]
    public void Momentum_of_diloco_changes_with_an_exchange_only_and_is_never_lost(long exchange, string momentum, string? violation)
    {
        DiLoCo protocol = new(new DiLoCoOptions());
        var before = (PeerState<NeighbourRounds.Saved, NeighbourRounds.Live>)protocol.Create(Setup());
        before = before with { Durable = new DiLoCo.OuterSaved(5, Old, Old) };
        DiLoCo.OuterSaved now = new(exchange, New, momentum switch { "new" => New, "old" => Old, _ => default });

        AssertSays(violation, protocol.Violation(before, before with { Durable = now }));
    }

    [Theory]
    [InlineData(true, false, 7, null)]
    [InlineData(true, true, 7, null)]
    [InlineData(true, false, 0, "outer step")]
    [InlineData(false, true, 7, "outer step")]
    public void Outer_step_of_diloco_waits_for_work_that_runs(bool average, bool momentum, long mixing, string? violation)
    {
        DiLoCo protocol = new(new DiLoCoOptions());
        var before = (PeerState<NeighbourRounds.Saved, NeighbourRounds.Live>)protocol.Create(Setup());
        DiLoCo.OuterLive live = new() { Average = average ? Old : default, Momentum = momentum ? New : default, Mixing = mixing };

        AssertSays(violation, protocol.Violation(before, before with { Volatile = live }));
    }

    private static PeerSetup Setup() => new() { Self = new(0), Seed = 1, Roster = [new(0), new(1)], InitialModel = Old };

    private static void AssertSays(string? expected, string? violation)
    {
        if (expected is null)
        {
            Assert.Null(violation);
        }
        else
        {
            Assert.Contains(expected, violation);
        }
    }
}
