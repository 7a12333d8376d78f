using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Clusters;

/// <summary>What operators ask of the cluster as a whole. Key: 0.</summary>
[Alias(Aliases.ClusterGrain)]
public interface IClusterGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Has a silo leave: no new work, its models write a checkpoint and go on elsewhere, its program ends. Returns as soon as the silo knows.
    /// </summary>
    /// <param name="silo">Name of the silo.</param>
    /// <param name="cancellation">Gives up the call.</param>
    /// <exception cref="SiloNotFoundException">No active silo has the name.</exception>
    [Allow(Roles.Admin, Mutates = true)]
    [Alias(Aliases.Drain)]
    Task DrainAsync(string silo, CancellationToken cancellation = default);

    /// <summary>
    /// Moves models in training to silos where they train faster, by the measured speed of their slots, and from full silos to those with more room, e.g.
    /// to one that came back empty. Each stops after its current step, writes a checkpoint and goes on from it; on a device of the same kind it ends with the same bits.
    /// A silo that does not answer is left out, and the log says so.
    /// </summary>
    /// <returns>The models that move; none where moving would not even things out.</returns>
    [ResponseTimeout("00:02:00")]
    [Allow(Roles.Admin, Mutates = true)]
    [Alias(Aliases.Rebalance)]
    Task<ModelMove[]> RebalanceAsync(CancellationToken cancellation = default);

    /// <summary>The devices of the active silos and what their slots do, by name; a silo that does not answer within a second is left out.</summary>
    [AlwaysInterleave]
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.ClusterDevices)]
    Task<DeviceStatus[]> GetDevicesAsync(CancellationToken cancellation = default);
}
