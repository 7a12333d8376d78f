using Orleans.Runtime;

namespace OrleansDDM.Grains.Devices;

/// <summary>A silo that is at work.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address in the cluster.</param>
internal sealed record ActiveSilo(string Name, SiloAddress Address);
