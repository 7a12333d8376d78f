namespace OrleansDDM.Contracts.Devices;

/// <summary>The devices of one silo.</summary>
/// <param name="Silo">The silo's name.</param>
/// <param name="Slots">Its slots.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.DeviceStatus)]
public sealed record DeviceStatus([property: Id(0)] string Silo, [property: Id(1)] SlotStatus[] Slots);
