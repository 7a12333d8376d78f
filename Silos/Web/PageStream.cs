using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

using Microsoft.Extensions.Hosting;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Silos.Web;

/// <summary>
/// What a page that is open is sent: <c>cluster</c> and <c>run</c> when they have changed, <c>event</c> for each event of the run (durable ones
/// with their number as id, so that a browser that reconnects goes on after the last one), and <c>ping</c> when nothing else was sent for a while.
/// </summary>
internal sealed class PageStream(ClusterView cluster, RunView runs, IGrainFactory grains, IHostApplicationLifetime lifetime, TimeProvider clock)
{
    /// <summary>Pages that may be open at a time.</summary>
    public const int Most = 64;

    private const int Capacity = 64;
    private const int QuietRounds = 10;

    private int _open;

    /// <summary>Takes a place for one more page, to be given back by <see cref="Leave"/>; false = there is none.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= Most)
        {
            return true;
        }

        Leave();
        return false;
    }

    /// <summary>Gives a place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _open);

    /// <summary>Sends until the page goes.</summary>
    /// <param name="run">The run that it shows; null = none.</param>
    /// <param name="after">Number of the last durable event that it knows.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<SseItem<string>> ReadAsync(string? run, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Web servers wait for their answers to end before they do; this one would not.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, lifetime.ApplicationStopping);
        Channel<SseItem<string>> channel = Channel.CreateBounded<SseItem<string>>(new BoundedChannelOptions(Capacity) { SingleReader = true });
        Task pumps = Task.WhenAll(
            PumpAsync(channel.Writer, run, stop.Token), run is null ? Task.CompletedTask : WatchAsync(channel.Writer, run, after, stop.Token));
        try
        {
            await foreach (SseItem<string> item in channel.Reader.ReadAllAsync(cancellation))
            {
                yield return item;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await pumps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PumpAsync(ChannelWriter<SseItem<string>> writer, string? run, CancellationToken stop)
    {
        string lastCluster = string.Empty;
        string lastRun = string.Empty;
        int quiet = 0;
        try
        {
            while (true)
            {
                quiet++;
                if (await TryAsync(async () => PageJson.Write(await cluster.GetAsync(stop))) is { } page && page != lastCluster)
                {
                    await writer.WriteAsync(new SseItem<string>(lastCluster = page, "cluster"), stop);
                    quiet = 0;
                }

                if (run is not null && await runs.GetAsync(run, stop) is { } shown && PageJson.Write(shown) is var one && one != lastRun)
                {
                    await writer.WriteAsync(new SseItem<string>(lastRun = one, "run"), stop);
                    quiet = 0;
                }

                if (quiet >= QuietRounds)
                {
                    await writer.WriteAsync(new SseItem<string>(string.Empty, "ping"), stop);
                    quiet = 0;
                }

                await Task.Delay(ClusterView.Freshness, clock, stop);
            }
        }
        catch (Exception e)
        {
            writer.TryComplete(e is OperationCanceledException ? null : e);
        }
    }

    // The run's stream ends when the run has settled or its silo goes; it is asked for again, as the run may go on.
    private async Task WatchAsync(ChannelWriter<SseItem<string>> writer, string run, long after, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                try
                {
                    await foreach (RunEvent e in grains.GetGrain<IRunGrain>(GrainKeys.Run(run)).WatchAsync(after, CancellationToken.None)
                        .WithBatchSize(1).WithCancellation(stop))
                    {
                        bool durable = e.Number > 0;
                        after = durable ? e.Number : after;
                        await writer.WriteAsync(
                            new SseItem<string>(PageJson.Write(e), "event") { EventId = durable ? PageJson.Write(e.Number) : null }, stop);
                    }
                }
                catch (Exception) when (!stop.IsCancellationRequested)
                {
                    // Its silo is gone, and nobody has noticed yet; or the run cannot be read, which the run's own page says.
                }

                await Task.Delay(ClusterView.Freshness, clock, stop);
            }
        }
        catch (Exception e)
        {
            writer.TryComplete(e is OperationCanceledException ? null : e);
        }
    }

    // A page that is open shows the old state rather than nothing while a silo or the database does not answer.
    private static async Task<string?> TryAsync(Func<Task<string>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception e) when (ClusterView.IsSilence(e))
        {
            return null;
        }
    }
}
