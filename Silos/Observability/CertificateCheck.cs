using Microsoft.Extensions.Diagnostics.HealthChecks;

using OrleansDDM.Silos.Security.Tls;

namespace OrleansDDM.Silos.Observability;

/// <summary>Health check <c>certificates</c>: those of this silo hold for more than two weeks. One that has ended keeps every new connection out.</summary>
internal sealed class CertificateCheck(IEnumerable<CertificateFile> certificates, TimeProvider clock) : IHealthCheck
{
    public const string Name = "certificates";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        DateTimeOffset now = clock.GetUtcNow();
        CertificateFile? first = certificates.MinBy(c => c.Ends);
        return Task.FromResult(first is null || now < first.Ends - CertificateFile.SoonOver
            ? HealthCheckResult.Healthy()
            : now < first.Ends
                ? HealthCheckResult.Degraded($"The certificate '{first.Path}' ends at {first.Ends:u}. Replace it (ddm cert add) and restart this silo.")
                : HealthCheckResult.Unhealthy($"The certificate '{first.Path}' ended at {first.Ends:u}. Replace it (ddm cert add) and restart this silo."));
    }
}
