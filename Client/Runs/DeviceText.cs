using System.Globalization;
using System.Text.Json.Serialization;

using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Client.Runs;

/// <summary>The devices of a silo, as <c>ddm cluster status --format json</c> writes them; null is what is not known.</summary>
/// <param name="Kind"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Model">What a device is, e.g. the name of the card.</param>
/// <param name="Count">How many of them the slots share.</param>
/// <param name="MemoryBytes">Memory of one device.</param>
/// <param name="FreeMemoryBytes">What is free now on the one that has most of it.</param>
/// <param name="PeakMemoryBytes">Most of one device that was seen in use since the silo began.</param>
/// <param name="Cores">Cores that the silo may use.</param>
/// <param name="Gflops">Measured training speed of one slot, in 10^9 floating-point operations a second.</param>
/// <param name="Slots">Its slots.</param>
/// <param name="SlotsInUse">Slots that train, or have other work at hand.</param>
internal sealed record DeviceText(
    string? Kind,
    string? Model,
    int? Count,
    long? MemoryBytes,
    long? FreeMemoryBytes,
    long? PeakMemoryBytes,
    int? Cores,
    double? Gflops,
    int Slots,
    int SlotsInUse)
{
    private const double Gibibyte = 1L << 30;

    /// <summary>One line for people.</summary>
    [JsonIgnore]
    public string Line => string.Join(", ", Words());

    /// <summary>What a silo has told of its devices.</summary>
    public static DeviceText Of(DeviceStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        DeviceFacts? facts = status.Facts;
        return new DeviceText(
            facts?.Kind,
            facts?.Model,
            facts?.Count,
            facts?.Memory is > 0 and var memory ? memory : null,
            status.FreeMemory,
            status.PeakMemory,
            facts?.Cores,
            facts?.Gflops is > 0 and var gflops ? Math.Round(gflops, 1) : null,
            status.Slots.Length,
            status.Slots.Count(s => s.Sessions.Length > 0 || s.Waiting > 0));
    }

    private IEnumerable<string> Words()
    {
        if (Kind is not null)
        {
            yield return Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{Count} x {Kind} {Model}") : $"{Kind} {Model}";
            yield return string.Create(CultureInfo.InvariantCulture, $"{Cores} {(Cores == 1 ? "core" : "cores")}");
        }

        if (MemoryBytes is { } memory)
        {
            yield return FreeMemoryBytes is { } free
                ? string.Create(CultureInfo.InvariantCulture, $"{free / Gibibyte:0.0} of {memory / Gibibyte:0.0} GiB free")
                : string.Create(CultureInfo.InvariantCulture, $"{memory / Gibibyte:0.0} GiB");
        }

        if (Gflops is { } gflops)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{gflops:0} GFLOP/s a slot");
        }

        yield return string.Create(CultureInfo.InvariantCulture, $"{SlotsInUse} of {Slots} slots in use");
    }
}
