using Orleans.Configuration;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// How silos notice that one of them fails. With the defaults a process that is gone is noticed within about a second, or in about 4 s where refused
/// connections prove nothing; a hang, a cut, or a machine without power in 12 to 15 s (the longest probe times the probes that may be missed), while
/// silos that train on all cores are not taken for dead.
/// </summary>
public sealed record FailureDetection
{
    /// <summary>Time for the answer to a probe; it adapts to how the other silo has answered so far. Without <see cref="RefusedIsDead"/> the end of a process costs about two.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Longest time to which it adapts. A hung silo keeps its connections, and so does one whose machine has lost its power; Orleans does not believe that it
    /// is dead before this times three has passed; its own default of 20 s makes that a minute.
    /// </summary>
    public TimeSpan MaxProbeTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Time between two looks at the membership table by those who missed the gossip. What a silo knows of a joining one is asked again
    /// after the time to notice a failure and two of these; Orleans' default of a minute makes that minutes.
    /// </summary>
    public TimeSpan TableRefresh { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time between two signs of life in the membership table. After three that are missing a starting silo no longer waits for the one
    /// that should have written them: so long a cluster, all of whose silos were killed, takes to start again.
    /// </summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether a silo is declared dead as soon as its host answers that nobody listens at its port. Where something between the silos refuses
    /// connections in the name of others, switch it off: probes then take some seconds to notice a crash.
    /// </summary>
    public bool RefusedIsDead { get; init; } = true;

    internal void Apply(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = ProbeTimeout;
        options.MaxProbeTimeout = MaxProbeTimeout;
        options.TableRefreshTimeout = TableRefresh;
        options.IAmAliveTablePublishTimeout = Heartbeat;
    }
}
