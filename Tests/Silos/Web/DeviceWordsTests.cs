using OrleansDDM.Contracts.Devices;
using OrleansDDM.Silos.Web;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

public sealed class DeviceWordsTests
{
    private const long Gibibyte = 1L << 30;

    [Fact]
    public void Words_say_what_is_known()
    {
        var status = new DeviceStatus("a", []);
        Assert.Null(DeviceWords.Of(status));
        Assert.Equal("cpu", DeviceWords.Of(status with { Facts = new DeviceFacts("cpu", "x", 0, 2, 0) }));
        Assert.Equal(
            "cpu, 47 GFLOP/s a slot, 1.5 of 16.0 GiB free",
            DeviceWords.Of(status with { Facts = new DeviceFacts("cpu", "x", 16 * Gibibyte, 2, 47.4), FreeMemory = 3 * Gibibyte / 2 }));
        Assert.Equal("2 × Some Card", DeviceWords.Of(status with { Facts = new DeviceFacts("cuda", "Some Card", 0, 2, 0, Count: 2) }));
    }
}
