using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Placement;

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

    [Fact]
    public void A_faster_device_that_joins_gets_models_until_none_would_gain_half_its_speed_there()
    {
        IReadOnlyList<ModelMove> moves = Rebalancing.Plan([Fast(Silo("a", 4, "expert-0", "expert-1", "expert-2", "router"), 10), Fast(Silo("b", 1), 30)]);
        Assert.Equal([("router", "b"), ("expert-2", "b")], moves.Select(m => (m.Role, m.To))); // 30, then 15 each; a third would have 10
        Assert.Empty(Rebalancing.Plan([Fast(Silo("a", 2, "expert-0", "expert-1"), 100), Fast(Silo("b", 2), 60)]));
    }

    [Fact]
    public void Speeds_within_the_noise_count_as_equal() => Assert.Equal(
        ["b"], Rebalancing.Plan([Fast(Silo("a", 2, "expert-0", "expert-1"), 100), Fast(Silo("b", 2), 85)]).Select(m => m.To));

    [Fact]
    public void Models_go_only_where_their_needs_are_met_and_those_that_nobody_answers_for_stay()
    {
        DeviceStatus cpu = Fast(Silo("a", 4, "expert-0", "expert-1", "expert-2", "expert-3"), 10), card = Card(Silo("b", 4), 1000, free: 20);
        Assert.Equal(
            ["expert-1"],
            Rebalancing.Plan([cpu, card], new Dictionary<string, DeviceNeeds>
            {
                ["model/r/expert-0"] = new("cpu", 0, true),
                ["model/r/expert-1"] = new("any", 16, true),
                ["model/r/expert-2"] = new("any", 21, true),
            }).Select(m => m.Role));
    }

    [Fact]
    public void Memory_that_a_move_takes_is_not_given_twice()
    {
        var needs = Enumerable.Range(0, 3).ToDictionary(i => $"model/r/expert-{i}", _ => new DeviceNeeds("any", 10, true));
        Assert.Equal(2, Rebalancing.Plan([Fast(Silo("a", 4, "expert-0", "expert-1", "expert-2"), 10), Card(Silo("b", 4), 1000, free: 25)], needs).Count);
    }

    [Fact]
    public void A_model_goes_to_the_device_that_it_prefers_while_that_has_a_free_slot_and_does_not_leave_it()
    {
        var needs = Enumerable.Range(0, 3).ToDictionary(i => $"model/r/expert-{i}", _ => new DeviceNeeds("prefer-cuda", 0, true));
        Assert.Equal(["card"], Rebalancing.Plan([Fast(Silo("cpu", 4, "expert-0", "expert-1"), 100), Card(Silo("card", 1), 50, free: 1)], needs).Select(m => m.To));
        Assert.Empty(Rebalancing.Plan([Fast(Silo("cpu", 4), 100), Card(Silo("card", 1, "expert-0", "expert-1"), 50, free: 1)], needs));
    }

    private static DeviceStatus Fast(DeviceStatus silo, double gflops) => silo with { Facts = new DeviceFacts("cpu", $"of {gflops}", 0, 1, gflops) };

    private static DeviceStatus Card(DeviceStatus silo, double gflops, long free) => silo with { Facts = new DeviceFacts("cuda", $"of {gflops}", 1000, 1, gflops), FreeMemory = free };

    private static DeviceStatus Silo(string name, int slots, params string[] roles) => new(
        name, [.. Enumerable.Range(0, slots).Select(i => new SlotStatus(i, 0, [.. roles.Where((_, r) => r % slots == i).Select(r => "model/r/" + r)], 0))]);
}
