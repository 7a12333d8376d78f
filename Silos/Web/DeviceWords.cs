using System.Globalization;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Devices;

namespace OrleansDDM.Silos.Web;

/// <summary>A silo's devices in words.</summary>
internal static class DeviceWords
{
    private const double Gibibyte = 1L << 30;

    /// <summary>Kind, speed of a slot and memory, as far as they are known; null = nothing is.</summary>
    public static string? Of(DeviceStatus status)
    {
        if (status.Facts is not { } facts)
        {
            return null;
        }

        string kind = facts.Kind == ComputeDevice.Cuda ? $"{(facts.Count > 1 ? $"{facts.Count} × " : string.Empty)}{facts.Model}" : facts.Kind;
        var words = new List<string> { kind };
        if (facts.Gflops > 0)
        {
            words.Add(string.Create(CultureInfo.InvariantCulture, $"{facts.Gflops:0} GFLOP/s a slot"));
        }

        if (facts.Memory > 0 && status.FreeMemory is { } free)
        {
            words.Add(string.Create(CultureInfo.InvariantCulture, $"{free / Gibibyte:0.0} of {facts.Memory / Gibibyte:0.0} GiB free"));
        }

        return string.Join(", ", words);
    }
}
