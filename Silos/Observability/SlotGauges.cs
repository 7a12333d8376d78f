using Microsoft.Extensions.DependencyInjection;

using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Silos.Observability;

/// <summary>Values that are read when somebody looks: what the slots do, the memory of the devices, how many silos there are, and how many artifacts lack a copy.</summary>
internal static class SlotGauges
{
    /// <summary>Adds them to the silo's meter.</summary>
    /// <param name="metrics">The meter.</param>
    /// <param name="slots">Reads the slots.</param>
    /// <param name="activeSilos">Reads how many silos are active.</param>
    /// <param name="replication">Knows the copies, if somebody does.</param>
    public static void Add(DdmMetrics metrics, Func<SlotStatus[]> slots, Func<int> activeSilos, IReplication? replication)
    {
        metrics.Observe("ddm.slots", "{slot}", "Slots of this silo.", () => slots().Length);
        metrics.Observe("ddm.slots.busy", "{slot}", "Slots with work at hand.", () => slots().Count(s => s.Waiting > 0));
        metrics.Observe("ddm.slots.queue", "{piece}", "Pieces of work that wait or run on the slots.", () => slots().Sum(s => s.Waiting));
        metrics.Observe("ddm.slots.sessions", "{model}", "Models in training on the slots.", () => slots().Sum(s => s.Sessions.Length));
        metrics.Observe("ddm.silos.active", "{silo}", "Active silos of the cluster, as this one sees it.", () => activeSilos());
        metrics.Observe("ddm.artifacts.under_replicated", "{artifact}", "Artifacts with fewer copies than they should have.", () => replication?.UnderReplicated);
    }

    /// <summary>Adds the memory of the devices.</summary>
    public static void AddMemory(DdmMetrics metrics, DeviceMemory memory)
    {
        metrics.ObserveDevices("ddm.device.memory.free", "By", "Bytes of a device's memory that are free, whoever uses the rest.", memory.Free);
        metrics.ObserveDevices("ddm.device.memory.total", "By", "Bytes of a device's memory, as models are placed by it.", memory.Total);
    }

    /// <summary>As <see cref="Add(DdmMetrics, Func{SlotStatus[]}, Func{int}, IReplication?)"/>, of a silo's own services.</summary>
    public static void Add(IServiceProvider services)
    {
        AddMemory(services.GetRequiredService<DdmMetrics>(), services.GetRequiredService<DeviceMemory>());
        var slots = services.GetRequiredService<SlotPool>();
        var membership = services.GetRequiredService<IClusterMembershipService>();
        Add(
            services.GetRequiredService<DdmMetrics>(),
            slots.Status,
            () => membership.CurrentSnapshot.Members.Values.Count(m => m.Status == SiloStatus.Active),
            services.GetService<IReplication>());
    }
}
