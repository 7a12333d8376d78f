using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Placement;

/// <summary>Devices of a silo that is alone.</summary>
public sealed class OneSiloTests : SiloTest
{
    [Fact]
    public async Task A_run_of_one_machine_does_not_wait_for_a_card_that_it_has_not_got()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec() with { Training = new TrainingSpec { Steps = 40, Device = "cuda", DeviceMemory = 2 } }));
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal((RunPhase.Faulted, (string?)null), (status.Phase, status.Waiting));
        Assert.Contains("needs cuda with 2 GiB", status.Message, StringComparison.Ordinal);
        Assert.Contains("training.device", status.Message, StringComparison.Ordinal);
        Assert.Empty(Runtime.Opened);
    }

    [Fact]
    public async Task A_model_says_on_which_device_it_was_trained()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        RunStatus status = await CheckAsync();
        Assert.All(status.Models, m => Assert.Equal("cpu", m.Device));
        Assert.All(Runtime.Slots, s => Assert.Equal("cpu", s.Device));
    }

    [Fact]
    public void Memory_is_told_as_it_is_now_with_the_most_that_was_seen_in_use()
    {
        var survey = new MemoryMeter { Free = { ["cuda:0"] = 700, ["cuda:1"] = 900 } };
        DeviceMemory memory = Memory(new DeviceOptions { Facts = new DeviceFacts("cuda", "x", 1000, 1, 0, Count: 2) }, survey);
        Assert.Equal((900, 300), Look());
        survey.Free["cuda:0"] = 200;
        Assert.Equal((900, 800), Look());
        survey.Free["cuda:0"] = survey.Free["cuda:1"] = 1000;
        Assert.Equal((1000, 800), Look());
        Assert.Equal((null, null), Of(Memory(new DeviceOptions(), null)));

        (long?, long?) Look() => Of(memory);
        static (long?, long?) Of(DeviceMemory memory) => memory.Status("a", []) is var status ? (status.FreeMemory, status.PeakMemory) : default;
    }

    private static DeviceMemory Memory(DeviceOptions options, IDeviceSurvey? survey) =>
        new(Microsoft.Extensions.Options.Options.Create(options), new FakeRuntime { Devices = survey });
}
