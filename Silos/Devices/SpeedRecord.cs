using System.Text.Json;

using OrleansDDM.Learning.Devices;

namespace OrleansDDM.Silos.Devices;

/// <summary>The measured speed of a silo's device, kept in its folder so that it is measured once, and a restart after a crash does not wait for it.</summary>
/// <param name="folder">The silo's folder.</param>
internal sealed class SpeedRecord(string folder)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    private string File => Path.Combine(folder, "device.json");

    /// <summary>The speed in GFLOP/s: as it was measured before on the same device by the same version, or measured now.</summary>
    /// <param name="device">The device.</param>
    /// <param name="threads">Native threads of a slot.</param>
    /// <param name="measure">Measures.</param>
    public double Of(ComputeDevice device, int threads, Func<double> measure)
    {
        string version = typeof(SpeedRecord).Assembly.GetName().Version!.ToString();
        if (Read() is { } known && known with { Gflops = 0 } == new Entry(device.Kind, device.Model, threads, Environment.ProcessorCount, version, 0))
        {
            return known.Gflops;
        }

        var entry = new Entry(device.Kind, device.Model, threads, Environment.ProcessorCount, version, Math.Round(measure(), 1));
        Directory.CreateDirectory(folder);
        string temporary = File + ".new";
        System.IO.File.WriteAllText(temporary, JsonSerializer.Serialize(entry, Json));
        System.IO.File.Move(temporary, File, overwrite: true);
        return entry.Gflops;
    }

    private Entry? Read()
    {
        try
        {
            return JsonSerializer.Deserialize<Entry>(System.IO.File.ReadAllText(File), Json) is { Gflops: > 0 and < double.PositiveInfinity } entry ? entry : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // measured anew
        }
    }

    private sealed record Entry(string Device, string Model, int Threads, int Cores, string Version, double Gflops);
}
