using Microsoft.Extensions.Diagnostics.HealthChecks;

using Orleans.Runtime;

namespace OrleansDDM.Silos.Observability;

/// <summary>Health check <c>silo</c>: this silo is an active member of its cluster, neither starting nor leaving nor taken for dead.</summary>
internal sealed class SiloCheck(IClusterMembershipService membership, ILocalSiloDetails self) : IHealthCheck
{
    public const string Name = "silo";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        SiloStatus status = membership.CurrentSnapshot.GetSiloStatus(self.SiloAddress);
        return Task.FromResult(status == SiloStatus.Active
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"Silo '{self.Name}' is {status.ToString().ToLowerInvariant()}, not active."));
    }
}
