using Microsoft.Extensions.Diagnostics.HealthChecks;

using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Observability;

/// <summary>Health check <c>database</c>: the database with the grains' state answers in time.</summary>
internal sealed class DatabaseCheck(IStateDatabase database, TimeProvider clock) : IHealthCheck
{
    public const string Name = "database";

    /// <summary>Longest time for an answer.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var late = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await database.PingAsync(either.Token).WaitAsync(either.Token);
            return HealthCheckResult.Healthy();
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"The database has not answered for {Limit.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
