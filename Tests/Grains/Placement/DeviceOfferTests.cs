using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Placement;

using Xunit;

namespace OrleansDDM.Tests.Grains.Placement;

public sealed class DeviceOfferTests
{
    [Fact]
    public void The_fastest_silo_gets_models_until_its_slots_are_shared_so_much_that_another_is_faster()
    {
        var placed = new Dictionary<string, int> { ["fast"] = 0, ["slow"] = 0 };
        var order = new List<string>();
        for (int i = 0; i < 8; i++)
        {
            string silo = Best(Cpu("fast", 100, 2, placed["fast"]), Cpu("slow", 30, 2, placed["slow"]));
            placed[silo]++;
            order.Add(silo);
        }

        // 100, 100, 67 and 50 against 30; between 40 and 30 the difference is noise; then 40 and 33 against 20.
        Assert.Equal(["fast", "fast", "fast", "fast", "slow", "slow", "fast", "fast"], order);
    }

    [Fact]
    public void Silos_of_about_the_same_speed_share_models_evenly() =>
        Assert.Equal("b", Best(Cpu("a", 100, 4, 2), Cpu("b", 85, 4, 1), Cpu("c", 95, 4, 3)));

    [Fact]
    public void More_slots_take_more_models() => Assert.Equal("b", Best(Cpu("a", 100, 1, 0), Cpu("b", 100, 4, 1)));

    [Fact]
    public void A_preferred_device_is_taken_while_it_has_a_free_slot_even_if_it_is_slower()
    {
        var prefers = new DeviceNeeds("prefer-cuda", 0, true);
        Assert.Equal("card", Best(prefers, Cpu("cpu", 100, 4, 0), Card("card", 60, 1, 0)));
        Assert.Equal("cpu", Best(prefers, Cpu("cpu", 100, 4, 0), Card("card", 60, 1, 1)));
        Assert.Equal("cpu", Best(Cpu("cpu", 100, 4, 0), Card("card", 60, 1, 0)));
    }

    [Fact]
    public void A_card_without_free_memory_is_left_alone_while_there_is_another()
    {
        var needs = new DeviceNeeds("cuda", 8, true);
        Assert.Equal("b", Best(needs, Card("a", 100, 4, 0, free: 7), Card("b", 10, 1, 5, free: 8)));
        Assert.Equal("a", Best(needs, Card("a", 100, 4, 0, free: 7), Card("b", 10, 1, 5, free: 6)));
    }

    [Fact]
    public void One_that_does_not_answer_is_the_last_resort()
    {
        Assert.Equal("b", Best(Cpu("a", 100, 0, 0), Cpu("b", 1, 1, 9)));
        Assert.Equal("a", Best(Cpu("a", 100, 0, 0)));
    }

    [Fact]
    public void A_speed_that_was_not_measured_counts_as_the_mean_of_the_others()
    {
        // 75 is within the noise of 80, and 125 is not within that of 200.
        Assert.Equal("new", Best(Cpu("a", 80, 2, 1), Cpu("b", 70, 1, 1), Cpu("new", 0, 4, 0)));
        Assert.Equal("a", Best(Cpu("a", 200, 2, 1), Cpu("b", 50, 1, 1), Cpu("new", 0, 4, 0)));
    }

    [Fact]
    public void Devices_of_one_model_are_equally_fast_however_disturbed_they_were_when_they_were_measured()
    {
        Assert.Equal("b", Best(Like("a", 66, 1), Like("b", 13, 0)));
        Assert.Equal("b", Best(Like("a", 66, 1), Like("b", 0, 0)));
        Assert.Equal("a", Best(Like("a", 66, 1), Like("b", 13, 0) with { Facts = new DeviceFacts("cpu", "same", 0, 8, 13) }));

        static DeviceOffer Like(string silo, double gflops, int models) => new(silo, new DeviceFacts("cpu", "same", 0, 2, gflops), 4, models, null);
    }

    private static string Best(params DeviceOffer[] offers) => Best(DeviceNeeds.None, offers);

    private static string Best(DeviceNeeds needs, params DeviceOffer[] offers) => DeviceOffer.Best(offers, needs).Silo;

    private static DeviceOffer Cpu(string silo, double gflops, int slots, int models) =>
        new(silo, new DeviceFacts("cpu", $"of {gflops}", 0, 1, gflops), slots, models, null);

    private static DeviceOffer Card(string silo, double gflops, int slots, int models, long? free = null) =>
        new(silo, new DeviceFacts("cuda", $"of {gflops}", 0, 1, gflops), slots, models, free);
}
