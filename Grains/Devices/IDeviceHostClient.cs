using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>Finds the device host of a silo.</summary>
internal interface IDeviceHostClient
{
    /// <summary>The device host of <paramref name="silo"/>.</summary>
    IDeviceHost On(SiloAddress silo);
}
