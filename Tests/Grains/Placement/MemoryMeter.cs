using OrleansDDM.Learning.Devices;

namespace OrleansDDM.Tests.Grains.Placement;

/// <summary>Devices with as much free memory as a test says; nothing is known of the others.</summary>
internal sealed class MemoryMeter : IDeviceSurvey
{
    public Dictionary<string, long> Free { get; } = [];

    public IReadOnlyList<ComputeDevice> Find() => [];

    public long? FreeMemory(string device) => Free.TryGetValue(device, out long bytes) ? bytes : null;

    public double MeasureGflops(string device, int threads) => 0;
}
