using System.Diagnostics;
using System.Runtime.CompilerServices;

using Orleans.Runtime;
using Orleans.Runtime.Messaging;

using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Runs;

/// <summary>The events of a run as one stream, however often the connection behind it is lost.</summary>
internal static class RunEvents
{
    /// <summary>Attempts in a row that bring no event before the stream is given up.</summary>
    private const int Attempts = 5;

    /// <summary>Longest time without any word from a cluster.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Follows a run from a durable number to its end. A stream that times out (e.g. because the machine slept) or is dropped is opened again
    /// after the last durable event that was seen; telemetry in between is lost.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="after">Number of the last durable event that is known.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="TimeoutException">The run did not answer any attempt.</exception>
    public static async IAsyncEnumerable<RunEvent> FollowAsync(
        IRunGrain run, long after, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        for (int attempt = 1; ; attempt++)
        {
            await using IAsyncEnumerator<RunEvent> events =
                run.WatchAsync(after, CancellationToken.None).WithBatchSize(1).GetAsyncEnumerator(cancellation);
            while (true)
            {
                try
                {
                    if (!await events.MoveNextAsync())
                    {
                        yield break;
                    }
                }
                catch (Exception e) when (e is TimeoutException or EnumerationAbortedException && attempt < Attempts)
                {
                    break;
                }

                attempt = 0;
                after = Math.Max(after, events.Current.Number);
                yield return events.Current;
            }
        }
    }

    /// <summary>
    /// As <see cref="FollowAsync"/>, on a cluster whose silos come and go: a stream that ends or breaks before the run has settled is
    /// opened again, on whichever silo has the run by then.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="after">Number of the last durable event that is known.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="SiloUnavailableException">No silo answered for two minutes.</exception>
    public static async IAsyncEnumerable<RunEvent> FollowOnClusterAsync(
        IRunGrain run, long after, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        var silence = Stopwatch.StartNew();
        while (true)
        {
            await using (IAsyncEnumerator<RunEvent> events = FollowAsync(run, after, cancellation).GetAsyncEnumerator(cancellation))
            {
                while (true)
                {
                    try
                    {
                        if (!await events.MoveNextAsync())
                        {
                            break;
                        }
                    }
                    catch (Exception e) when (IsLost(e) && silence.Elapsed < Silence)
                    {
                        break;
                    }

                    silence.Restart();
                    after = Math.Max(after, events.Current.Number);
                    yield return events.Current;
                }
            }

            try
            {
                if ((await run.GetStatusAsync(cancellation)).Phase is RunPhase.None or RunPhase.Stopped or RunPhase.Faulted or RunPhase.Ready)
                {
                    yield break;
                }
            }
            catch (Exception e) when (IsLost(e) && silence.Elapsed < Silence)
            {
                // Its silo is gone, and nobody has noticed yet.
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    private static bool IsLost(Exception e) =>
        e is SiloUnavailableException or OrleansMessageRejectionException or ConnectionFailedException or EnumerationAbortedException or TimeoutException;
}
