using Orleans.Configuration;

namespace OrleansDDM.Silos.Cluster;

/// <summary>The grain directory of a cluster: who has which grain.</summary>
internal static class GrainDirectoryHosting
{
    /// <summary>
    /// Uses the directory that is recovered from the living when a silo dies. With Orleans' default the grains whose entries were on the dead silo
    /// end, wherever they live: models that nothing ails would do their last steps again. No lease on the entries of a dead silo:
    /// for as long as it lasts nobody could place a grain, and a silo that is wrongly taken for dead is kept from harm by the terms of its grains.
    /// </summary>
    public static ISiloBuilder UseRecoveredDirectory(this ISiloBuilder silo)
    {
#pragma warning disable ORLEANSEXP003 // Still marked as experimental.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        return silo.Configure<GrainDirectoryOptions>(o => o.RangeLeaseDuration = TimeSpan.Zero);
    }
}
