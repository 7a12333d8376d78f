using Orleans.Runtime;
using Orleans.Runtime.Services;

using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>Calls device hosts from grains.</summary>
internal sealed class DeviceHostClient(IServiceProvider services) : GrainServiceClient<IDeviceHost>(services), IDeviceHostClient
{
    public IDeviceHost On(SiloAddress silo) => GetGrainService(silo);
}
