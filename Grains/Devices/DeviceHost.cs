using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>The silo's devices as a service that other silos can call. Stateless but for the slots; a new silo starts with empty ones.</summary>
internal sealed class DeviceHost(GrainId id, Silo silo, ILoggerFactory loggers, SlotPool slots, ILocalSiloDetails details)
    : GrainService(id, silo, loggers), IDeviceHost
{
    public Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation = default) =>
        slots.EvaluateAsync(request, cancellation);

    public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default) =>
        Task.FromResult(new DeviceStatus(details.Name, slots.Status()));
}
