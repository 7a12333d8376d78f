using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Devices;

using Xunit;

namespace OrleansDDM.Tests.Grains.Devices;

public sealed class RebalancingTests
{
    [Fact]
    public void A_silo_that_came_back_empty_gets_its_share_from_the_fullest() =>
        Assert.Equal(
            [new ModelMove("r", "expert-2", "a", "c"), new ModelMove("r", "router", "b", "c")],
            Rebalancing.Plan([Silo("a", 2, "expert-0", "expert-1", "expert-2"), Silo("b", 2, "expert-3", "expert-4", "router"), Silo("c", 2)]));

    [Fact]
    public void More_slots_get_more_models()
    {
        IReadOnlyList<ModelMove> moves = Rebalancing.Plan([Silo("a", 1, "expert-0", "expert-1", "expert-2", "expert-3"), Silo("b", 3)]);
        Assert.Equal(["expert-3", "expert-2", "expert-1"], moves.Select(m => m.Role));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(0, 0)]
    public void Nothing_moves_where_that_would_even_nothing_out(int first, int second) =>
        Assert.Empty(Rebalancing.Plan([
            Silo("a", 2, [.. Enumerable.Range(0, first).Select(i => "expert-" + i)]),
            Silo("b", 2, [.. Enumerable.Range(5, second).Select(i => "expert-" + i)])]));

    [Fact]
    public void One_silo_keeps_what_it_has() => Assert.Empty(Rebalancing.Plan([Silo("a", 1, "expert-0", "expert-1")]));

    private static DeviceStatus Silo(string name, int slots, params string[] roles) => new(
        name, [.. Enumerable.Range(0, slots).Select(i => new SlotStatus(i, 0, [.. roles.Where((_, r) => r % slots == i).Select(r => "model/r/" + r)], 0))]);
}
