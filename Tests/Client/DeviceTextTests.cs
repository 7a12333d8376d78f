using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Devices;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>What <c>ddm cluster status</c> says of a silo's devices.</summary>
public sealed class DeviceTextTests
{
    private static readonly SlotStatus[] Slots =
    [
        new SlotStatus(0, 0, ["model/a/router"], 0),
        new SlotStatus(1, 2, [], 0),
        new SlotStatus(2, 0, [], 5),
    ];

    [Fact]
    public void Slots_that_train_or_have_work_are_in_use()
    {
        var status = new DeviceStatus("a", Slots, new DeviceFacts("cuda", "a card", 16L << 30, 8, 5000.04, Count: 2), 4L << 30, 13L << 30);
        var text = DeviceText.Of(status);
        Assert.Equal(new DeviceText("cuda", "a card", 2, 16L << 30, 4L << 30, 13L << 30, 8, 5000, 3, 2), text);
        Assert.Equal("2 x cuda a card, 8 cores, 4.0 of 16.0 GiB free, 5000 GFLOP/s a slot, 2 of 3 slots in use", text.Line);
    }

    [Fact]
    public void What_is_not_known_is_left_out()
    {
        var text = DeviceText.Of(new DeviceStatus("a", Slots, new DeviceFacts("cpu", "a processor", 0, 1, 0), FreeMemory: 1));
        Assert.Equal((null, null), (text.MemoryBytes, text.Gflops));
        Assert.Equal("cpu a processor, 1 core, 2 of 3 slots in use", text.Line);
        Assert.Equal("2 of 3 slots in use", DeviceText.Of(new DeviceStatus("a", Slots)).Line);
    }
}
