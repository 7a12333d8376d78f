using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Placement;

public sealed class DeviceNeedsTests
{
    private const long Gibibyte = 1L << 30;

    private static readonly DeviceFacts Cpu = new("cpu", "x", 4 * Gibibyte, 2, 50);
    private static readonly DeviceFacts Card = new("cuda", "y", 16 * Gibibyte, 8, 5000);
    private static readonly DataSummary Data = new(1, 28, 28, 10, 1000, [1], "{}");

    [Theory]
    [InlineData("any", 0, true, true, true)]
    [InlineData("prefer-cuda", 0, true, true, true)]
    [InlineData("cpu", 0, true, false, false)]
    [InlineData("cuda", 0, false, true, false)]
    [InlineData("cuda", 16, false, true, false)]
    [InlineData("cuda", 17, false, false, false)]
    [InlineData("any", 4, true, true, true)]
    [InlineData("any", 5, false, true, true)]
    [InlineData("any", 17, false, false, true)]
    public void A_device_fits_by_kind_and_by_memory_as_far_as_they_are_known(string device, int gibibytes, bool cpu, bool card, bool unknown)
    {
        var needs = new DeviceNeeds(device, gibibytes * Gibibyte, IsEstimate: false);
        Assert.Equal((cpu, card, unknown), (needs.Fits(Cpu), needs.Fits(Card), needs.Fits(null)));
        Assert.True(device == "cuda" || needs.Fits(Cpu with { Memory = 0 }));
    }

    [Fact]
    public void Estimated_memory_is_asked_of_cards_only()
    {
        var needs = new DeviceNeeds("any", 17 * Gibibyte, IsEstimate: true);
        Assert.Equal((true, false), (needs.Fits(Cpu), needs.Fits(Card)));
        Assert.Equal((true, false), (needs.FitsInto(Cpu, 1), needs.FitsInto(Card, 16 * Gibibyte)));
    }

    [Theory]
    [InlineData("cuda", 8, false, "cuda with 8 GiB")]
    [InlineData("any", 8, false, "a device with 8 GiB")]
    [InlineData("prefer-cuda", 1.5, false, "a device with 1.5 GiB")]
    [InlineData("cpu", 3, true, "cpu")]
    [InlineData("cuda", 0, false, "cuda")]
    public void Words_name_kind_and_memory(string device, double gibibytes, bool estimate, string words) =>
        Assert.Equal(words, new DeviceNeeds(device, (long)(gibibytes * Gibibyte), estimate).ToString());

    [Fact]
    public void Memory_is_that_of_the_spec_else_estimated_from_model_data_and_batch()
    {
        RunSpec spec = new() { Training = new TrainingSpec { Device = "cuda", DeviceMemory = 1.5 } };
        Assert.Equal(new DeviceNeeds("cuda", 3 * Gibibyte / 2, false), DeviceNeeds.Of(spec, ModelRole.Expert(0), null));
        RunSpec open = spec with { Training = spec.Training with { DeviceMemory = 0 } };
        Assert.Equal(new DeviceNeeds("cuda", 0, true), DeviceNeeds.Of(open, ModelRole.Expert(0), null));
        long expert = DeviceNeeds.Of(open, ModelRole.Expert(0), Data).Memory, router = DeviceNeeds.Of(open, ModelRole.Router, Data).Memory;
        Assert.InRange(expert, 1, 64 * Gibibyte);
        Assert.NotEqual(expert, router);
        Assert.InRange(DeviceNeeds.Of(open with { Training = open.Training with { Batch = 6400 } }, ModelRole.Expert(0), Data).Memory, expert + 1, long.MaxValue);
        Assert.Equal(new DeviceNeeds("cuda", expert, true), DeviceNeeds.Of(open, expert));
    }

    [Fact]
    public void What_a_caller_tells_the_placement_is_read_back_and_taken_away()
    {
        var needs = new DeviceNeeds("prefer-cuda", 12345, IsEstimate: true);
        needs.Hint();
        Assert.Equal(needs, DeviceNeeds.From(Context()));
        DeviceNeeds.ClearHint();
        Assert.Null(DeviceNeeds.From(Context()));
        Assert.Null(DeviceNeeds.From(null));
        Assert.Null(DeviceNeeds.From(new Dictionary<string, object> { ["ddm.device"] = "cuda lots" }));

        static Dictionary<string, object> Context() => RequestContext.Keys.ToDictionary(k => k, RequestContext.Get)!;
    }

    [Fact]
    public void Facts_are_the_same_after_the_membership_has_carried_them()
    {
        Assert.Equal(Card with { Gflops = 1234.5678, Count = 3 }, DeviceMetadata.Read(DeviceMetadata.Of(Card with { Gflops = 1234.5678, Count = 3 })));
        Assert.Null(DeviceMetadata.Read(new Dictionary<string, string>()));
        Assert.All(DeviceMetadata.Of(Card).Keys.Where(k => !k.EndsWith("kind", StringComparison.Ordinal) && !k.EndsWith("model", StringComparison.Ordinal)), key =>
        {
            Dictionary<string, string> damaged = DeviceMetadata.Of(Card);
            damaged[key] = "-x";
            Assert.Null(DeviceMetadata.Read(damaged));
        });
    }
}
