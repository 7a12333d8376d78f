using Microsoft.Extensions.Diagnostics.HealthChecks;

using Orleans.Runtime;

namespace OrleansDDM.Silos.Observability;

/// <summary>
/// Health check <c>silos</c>: as many silos as expected are active. A silo with the wrong settings makes a cluster of its own, in which all is
/// well but that it is too small.
/// </summary>
/// <param name="membership">Who is in the cluster.</param>
/// <param name="expected">The fewest silos that it should have.</param>
internal sealed class SilosCheck(IClusterMembershipService membership, int expected) : IHealthCheck
{
    public const string Name = "silos";

    /// <summary>How many silos are active.</summary>
    public static int Active(IClusterMembershipService membership) => membership.CurrentSnapshot.Members.Values.Count(m => m.Status == SiloStatus.Active);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        int active = Active(membership);
        return Task.FromResult(active >= expected
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"{active} of {expected} silos are active. Is a silo down, or in another cluster by a wrong Cluster:Connection?"));
    }
}
