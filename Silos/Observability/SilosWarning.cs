using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Orleans.Runtime;

namespace OrleansDDM.Silos.Observability;

/// <summary>Warns once, some time after the start, if the cluster has fewer silos than expected: who serves no pages has no health check to tell it.</summary>
/// <param name="membership">Who is in the cluster.</param>
/// <param name="expected">The fewest silos that it should have.</param>
/// <param name="clock">What time it is.</param>
/// <param name="logger">Where it is said.</param>
internal sealed partial class SilosWarning(IClusterMembershipService membership, int expected, TimeProvider clock, ILogger<SilosWarning> logger) : BackgroundService
{
    /// <summary>Time for the others to start.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits for the others, then looks.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        await Task.Delay(Patience, clock, stop);
        int active = SilosCheck.Active(membership);
        if (active < expected)
        {
            LogFew(active, expected, Patience.TotalSeconds);
        }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => LookAsync(stoppingToken);

    [LoggerMessage(EventId = 2022, Level = LogLevel.Warning, Message = "{Active} of {Expected} silos are active, {Seconds} s after the start. Is a silo down, or in another cluster by a wrong Cluster:Connection?")]
    private partial void LogFew(int active, int expected, double seconds);
}
