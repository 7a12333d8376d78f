using Microsoft.Extensions.Diagnostics.HealthChecks;

using OrleansDDM.Grains;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Observability;

/// <summary>
/// Health check <c>database</c>: the database with the grains' state answers in time. However many ask, it is asked once in
/// <see cref="Freshness"/>: anyone may look at the health of a silo.
/// </summary>
internal sealed class DatabaseCheck(IStateDatabase database, TimeProvider clock) : IHealthCheck, IDisposable
{
    public const string Name = "database";

    /// <summary>Longest time for an answer.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Age up to which an answer is given again.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _asking = new(1);
    private HealthCheckResult? _last;
    private long _askedAt;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_last is null || clock.GetElapsedTime(_askedAt) >= Freshness)
            {
                _last = await AskAsync(cancellationToken);
                _askedAt = clock.GetTimestamp();
            }

            return _last.Value;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private async Task<HealthCheckResult> AskAsync(CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await database.PingAsync(either.Token).MayBeGivenUp().WaitAsync(either.Token);
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
