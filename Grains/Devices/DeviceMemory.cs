using Microsoft.Extensions.Options;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains.Devices;

/// <summary>The memory of this silo's devices. It is looked at when somebody asks, and after each model that was opened; what was in use in between is not seen.</summary>
internal sealed class DeviceMemory(IOptions<DeviceOptions> options, ILearningRuntime runtime)
{
    private long _peak;

    /// <summary>The silo's devices now.</summary>
    /// <param name="silo">Its name.</param>
    /// <param name="slots">What its slots do.</param>
    public DeviceStatus Status(string silo, SlotStatus[] slots)
    {
        long? free = Look();
        return new DeviceStatus(silo, slots, options.Value.Facts, free, Volatile.Read(ref _peak) is > 0 and var peak ? peak : null);
    }

    /// <summary>Free bytes of the device that has most of them; null = not known.</summary>
    public long? Look()
    {
        long? most = null;
        foreach ((_, long? free) in Free())
        {
            most = free is null ? most : Math.Max(free.Value, most ?? 0);
            Keep(options.Value.Facts.Memory - free);
        }

        return most;
    }

    /// <summary>Free bytes of each device now, whoever uses the rest, in the order of the devices; null = not known.</summary>
    public IEnumerable<(string Device, long? Bytes)> Free() => Each(device => runtime.Devices?.FreeMemory(device));

    /// <summary>Bytes of memory of each device as models are placed by it; null = not known.</summary>
    public IEnumerable<(string Device, long? Bytes)> Total() => Each(_ => options.Value.Facts.Memory is > 0 and var bytes ? bytes : null);

    private IEnumerable<(string Device, long? Bytes)> Each(Func<string, long?> read) =>
        Enumerable.Range(0, options.Value.Facts.Count).Select(options.Value.DeviceOf).Select(device => (device, read(device)));

    private void Keep(long? used)
    {
        long seen = Volatile.Read(ref _peak);
        while (used > seen && Interlocked.CompareExchange(ref _peak, used.Value, seen) != seen)
        {
            seen = Volatile.Read(ref _peak);
        }
    }
}
