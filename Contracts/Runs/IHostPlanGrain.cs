using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Runs;

/// <summary>
/// Keeps what all hosts of a run must know of each other where each keeps its images to itself: the clusters, and who has how many images of which. Hosts that
/// come back ask it. Key: <see cref="GrainKeys.HostPlan"/>.
/// </summary>
[Alias(Aliases.HostPlanGrain)]
public interface IHostPlanGrain : IGrainWithStringKey
{
    /// <summary>For the run: stores a plan in place of the one before.</summary>
    /// <param name="plan">The plan as JSON.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="runTerm">Term of the run; a lower one than the one seen is refused.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StaleTermException">A newer activation of the run has stored one.</exception>
    [SilosOnly]
    [Alias(Aliases.StorePlan)]
    Task StoreAsync(string plan, string fingerprint, long runTerm, CancellationToken cancellation = default);

    /// <summary>The plan as JSON; null where it is the one that the caller knows; empty = there is none.</summary>
    /// <param name="known">Fingerprint of the plan that the caller has; empty = none.</param>
    /// <param name="cancellation">Gives up.</param>
    [Allow(Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.PlanOf)]
    Task<string?> GetAsync(string known, CancellationToken cancellation = default);

    /// <summary>For the run: removes the plan.</summary>
    [SilosOnly]
    [Alias(Aliases.RemovePlan)]
    Task RemoveAsync(CancellationToken cancellation = default);
}
