using Microsoft.Extensions.Diagnostics.HealthChecks;

using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Silos.Observability;

/// <summary>Health check <c>replication</c>: every artifact has its copies. The silo serves without them, so this only degrades it.</summary>
internal sealed class ReplicationCheck(IReplication? replication = null) : IHealthCheck
{
    public const string Name = "replication";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(replication?.UnderReplicated is > 0 and { } missing
            ? HealthCheckResult.Degraded($"{missing} artifacts have fewer copies than they should; another failure may lose them.")
            : HealthCheckResult.Healthy());
}
