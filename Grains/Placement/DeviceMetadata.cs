using System.Globalization;

using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Placement;

/// <summary>A silo's device facts as the metadata of its membership.</summary>
internal static class DeviceMetadata
{
    private const string Kind = "ddm.device.kind";
    private const string Model = "ddm.device.model";
    private const string Memory = "ddm.device.memory";
    private const string Cores = "ddm.device.cores";
    private const string Gflops = "ddm.device.gflops";
    private const string Count = "ddm.device.count";

    /// <summary>What the silo tells.</summary>
    public static Dictionary<string, string> Of(DeviceFacts facts) => new()
    {
        [Kind] = facts.Kind,
        [Model] = facts.Model,
        [Memory] = facts.Memory.ToString(CultureInfo.InvariantCulture),
        [Cores] = facts.Cores.ToString(CultureInfo.InvariantCulture),
        [Gflops] = facts.Gflops.ToString("R", CultureInfo.InvariantCulture),
        [Count] = facts.Count.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Reads it; null where a silo has told nothing, or nothing that can be read.</summary>
    public static DeviceFacts? Read(IReadOnlyDictionary<string, string> metadata) =>
        metadata.TryGetValue(Kind, out string? kind)
        && metadata.TryGetValue(Model, out string? model)
        && Number(metadata, Memory) is { } memory
        && Number(metadata, Cores) is { } cores
        && Number(metadata, Count) is { } count
        && metadata.TryGetValue(Gflops, out string? text)
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double gflops) && double.IsFinite(gflops)
            ? new DeviceFacts(kind, model, memory, (int)cores, gflops, (int)count)
            : null;

    private static long? Number(IReadOnlyDictionary<string, string> metadata, string key) =>
        metadata.TryGetValue(key, out string? text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
