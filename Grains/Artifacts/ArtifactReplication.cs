using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// On how many silos an artifact is: has it on as many as it shall be, and drops it everywhere when nobody needs it any more. May be called from
/// grains and from any thread.
/// </summary>
internal sealed partial class ArtifactReplication(
    ArtifactExchange exchange, ILiveSilos silos, IOptions<ArtifactOptions> options, ILogger<ArtifactReplication> logger)
{
    private TaskCompletionSource _lacking = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when an artifact has been left with too few holders since it was asked for with <see cref="WatchLacking"/>.</summary>
    public Task Lacking => Volatile.Read(ref _lacking).Task;

    /// <summary>Silos that shall hold each artifact now.</summary>
    public int Wanted => Math.Min(options.Value.Replicas, silos.Others.Count + 1);

    /// <summary>Sees to it that an artifact which this silo has is on as many silos as it shall be.</summary>
    /// <returns>How many hold it now, this one counted.</returns>
    public async Task<int> ReplicateAsync(ArtifactReference reference, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (Wanted == 1)
        {
            return 1;
        }

        List<SiloAddress> holders = (await exchange.HoldersAsync([reference.Sha256], cancellation))[0];
        int count = holders.Count + 1;
        foreach (SiloAddress silo in ArtifactExchange.InOrder(reference.Sha256, silos.Others).Where(s => !holders.Contains(s)))
        {
            if (count >= Wanted)
            {
                break;
            }

            bool done = await exchange.AskAsync(silo, async host =>
            {
                await host.PullAsync(reference, cancellation);
                return true;
            });
            count += done ? 1 : 0;
            cancellation.ThrowIfCancellationRequested();
        }

        if (count < Wanted)
        {
            LogUnderReplicated(reference.Sha256, count, Wanted);
            Volatile.Read(ref _lacking).TrySetResult();
        }

        return count;
    }

    /// <summary>From now on <see cref="Lacking"/> waits for the next artifact.</summary>
    public void WatchLacking()
    {
        if (Lacking.IsCompleted)
        {
            Volatile.Write(ref _lacking, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    /// <summary>Deletes artifacts that nobody refers to any more, here and on the other live silos; those that do not answer collect them later.</summary>
    public async Task DropAsync(IReadOnlyCollection<string> names)
    {
        foreach (string[] some in names.Chunk(IArtifactHost.MaxNames))
        {
            await Task.WhenAll(silos.Others.Prepend(silos.Self).Select(silo => exchange.AskAsync(silo, async host =>
            {
                await host.DropAsync(some);
                return true;
            })));
        }
    }

    /// <summary>Lets all live silos forget which checkpoints a run had.</summary>
    public Task ForgetRunAsync(string run) => Task.WhenAll(silos.Others.Prepend(silos.Self).Select(silo => exchange.AskAsync(silo, async host =>
    {
        await host.ForgetRunAsync(run);
        return true;
    })));

    [LoggerMessage(EventId = 1007, Level = LogLevel.Warning, Message = "Artifact {Sha256} is under-replicated: {Count} of {Wanted} silos hold it")]
    private partial void LogUnderReplicated(string sha256, int count, int wanted);
}
