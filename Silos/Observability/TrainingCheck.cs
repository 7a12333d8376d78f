using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrleansDDM.Silos.Observability;

/// <summary>Health check <c>training</c>: no slot's thread is stuck in a slice. Only a restart frees such a thread.</summary>
internal sealed class TrainingCheck(SliceWatch watch) : IHealthCheck
{
    public const string Name = "training";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<(string Model, TimeSpan Elapsed)> stuck = watch.Stuck();
        return Task.FromResult(stuck.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{stuck.Count} of the slots are stuck; {stuck[0].Model} has been in one slice for {stuck[0].Elapsed.TotalSeconds:0} s. Restart this silo.")));
    }
}
