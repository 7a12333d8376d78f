namespace OrleansDDM.Contracts.Devices;

/// <summary>The devices of one silo.</summary>
/// <param name="Silo">The silo's name.</param>
/// <param name="Slots">Its slots.</param>
/// <param name="Facts">What does not change; null = not known.</param>
/// <param name="FreeMemory">Bytes that are free now on the device that has most of them, whoever uses the rest; null = not known.</param>
/// <param name="PeakMemory">Most bytes of one device that were seen in use, by whomever, since the silo began; null = not known.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.DeviceStatus)]
public sealed record DeviceStatus(
    [property: Id(0)] string Silo,
    [property: Id(1)] SlotStatus[] Slots,
    [property: Id(2)] DeviceFacts? Facts = null,
    [property: Id(3)] long? FreeMemory = null,
    [property: Id(4)] long? PeakMemory = null);
