using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// Reads the revoked tokens from the database every few seconds. While it does not answer, what was known last holds. What was revoked before the
/// silo's start it knows from its start on.
/// </summary>
internal sealed partial class RevocationWatch(ClusterSiloOptions options, TokenRevocations revocations, TimeProvider clock, ILogger<RevocationWatch> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(RevocationWatch),
        ServiceLifecycleStage.RuntimeInitialize,
        _ =>
        {
            _loop = Task.Run(() => WatchAsync(_stop.Token), CancellationToken.None);
            return Task.CompletedTask;
        },
        async cancellation =>
        {
            await _stop.CancelAsync();
            await _loop.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });

    private async Task WatchAsync(CancellationToken stop)
    {
        bool told = false;
        while (true)
        {
            await Task.Delay(Period, clock, stop);
            try
            {
                foreach (string name in revocations.Set(await RevocationTable.ReadAsync(options.Connection, stop)))
                {
                    LogRevoked(name);
                }

                told = false;
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                if (!told)
                {
                    LogUnreadable(e.Message);
                    told = true;
                }
            }
        }
    }

    [LoggerMessage(EventId = 4103, Level = LogLevel.Warning, Message = "Tokens of '{Name}' are revoked ('*' = of everyone)")]
    private partial void LogRevoked(string name);

    [LoggerMessage(EventId = 4104, Level = LogLevel.Warning, Message = "Revoked tokens cannot be read from the database; those that were known still are: {Reason}")]
    private partial void LogUnreadable(string reason);
}
