using Microsoft.Extensions.Diagnostics.HealthChecks;

using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Silos.Observability;

/// <summary>Health check <c>training</c>: no slot's thread is stuck in a piece of work. Only a restart frees such a thread.</summary>
internal sealed class TrainingCheck(WorkWatch watch) : IHealthCheck
{
    public const string Name = "training";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<(string What, TimeSpan Elapsed)> stuck = watch.Stuck();
        return Task.FromResult(stuck.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"A slot is stuck: {stuck[0].What} has been at one piece of work for {stuck[0].Elapsed.TotalSeconds:0} s. Restart this silo.")));
    }
}
