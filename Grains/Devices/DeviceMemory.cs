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
        DeviceFacts facts = options.Value.Facts;
        long? most = null;
        if (runtime.Devices is { } devices)
        {
            for (int i = 0; i < facts.Count; i++)
            {
                long? free = devices.FreeMemory(options.Value.DeviceOf(i));
                most = free is null ? most : Math.Max(free.Value, most ?? 0);
                Keep(facts.Memory - free);
            }
        }

        return most;
    }

    private void Keep(long? used)
    {
        long seen = Volatile.Read(ref _peak);
        while (used > seen && Interlocked.CompareExchange(ref _peak, used.Value, seen) != seen)
        {
            seen = Volatile.Read(ref _peak);
        }
    }
}
