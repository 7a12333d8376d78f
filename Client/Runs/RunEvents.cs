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

    /// <summary>Longest time for which nothing but failures comes from a cluster.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Follows a run from a durable number to its end. A stream that times out (e.g. because the machine slept), is dropped, or ends before
    /// the run has settled and told all its durable events, is opened again after the last durable event that was seen; telemetry in
    /// between is lost.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="after">Number of the last durable event that is known.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="TimeoutException">The run did not answer any attempt.</exception>
    public static IAsyncEnumerable<RunEvent> FollowAsync(IRunGrain run, long after, CancellationToken cancellation = default) =>
        FollowAsync(
            run,
            after,
            seen => Open(run, seen),
            (e, attempt, _) => e is TimeoutException or EnumerationAbortedException && attempt < Attempts,
            TimeProvider.System,
            cancellation);

    /// <summary>
    /// As <see cref="FollowAsync(IRunGrain, long, CancellationToken)"/>, on a cluster whose silos come and go: lost connections are opened
    /// again, on whichever silo has the run by then, as long as a try succeeds every two minutes. A run that has nothing to tell may be quiet
    /// for longer.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="after">Number of the last durable event that is known.</param>
    /// <param name="clock">Clock; null = the system's.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="SiloUnavailableException">No silo answered for two minutes.</exception>
    public static IAsyncEnumerable<RunEvent> FollowOnClusterAsync(
        IRunGrain run, long after, TimeProvider? clock = null, CancellationToken cancellation = default)
    {
        clock ??= TimeProvider.System;
        return FollowAsync(run, after, seen => OpenOnClusterAsync(run, seen, clock, cancellation), (e, _, failing) => IsLost(e) && failing < Silence, clock, cancellation);
    }

    private static IAsyncEnumerable<RunEvent> Open(IRunGrain run, long after) => run.WatchAsync(after, CancellationToken.None).WithBatchSize(1);

    private static async IAsyncEnumerable<RunEvent> OpenOnClusterAsync(
        IRunGrain run, long after, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellation)
    {
        RunStatus server = await run.GetStatusAsync(cancellation);
        await foreach (RunEvent e in GrainStream.WatchedAsync(Open(run, after), IsThereAsync, clock, cancellation))
        {
            yield return e;
        }

        // One that went on elsewhere, or in a silo that was started again under the same name, did so under another term.
        async Task<bool> IsThereAsync()
        {
            RunStatus now = await run.GetStatusAsync(CancellationToken.None);
            return (now.Silo, now.Term) == (server.Silo, server.Term);
        }
    }

    private static async IAsyncEnumerable<RunEvent> FollowAsync(
        IRunGrain run,
        long after,
        Func<long, IAsyncEnumerable<RunEvent>> open,
        Func<Exception, int, TimeSpan, bool> mayPass,
        TimeProvider clock,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(run);
        int attempt = 0;
        long? failing = null;
        bool settled = false;
        while (true)
        {
            attempt++;
            bool ended = false;
            await using (IAsyncEnumerator<RunEvent> events = open(after).GetAsyncEnumerator(cancellation))
            {
                while (true)
                {
                    try
                    {
                        ended = !await events.MoveNextAsync();
                    }
                    catch (Exception e) when (MayPass(e))
                    {
                        break;
                    }

                    if (ended)
                    {
                        break;
                    }

                    attempt = 0;
                    failing = null;
                    after = Math.Max(after, events.Current.Number);
                    settled = events.Current.Number > 0 ? IsSettled(events.Current.Phase) : settled;
                    yield return events.Current;
                }
            }

            if (ended && settled)
            {
                yield break;
            }

            try
            {
                RunStatus status = await run.GetStatusAsync(cancellation);
                failing = null;
                if (ended && IsSettled(status.Phase) && after >= status.LastEvent)
                {
                    yield break;
                }
            }
            catch (Exception e) when (MayPass(e))
            {
                // Its silo is gone, and nobody has noticed yet.
            }

            await Task.Delay(Pause, clock, cancellation);
        }

        // A stream that was open was no failure, however long it was quiet: what counts is the time since the first failure in a row.
        bool MayPass(Exception e)
        {
            failing ??= clock.GetTimestamp();
            return mayPass(e, attempt, clock.GetElapsedTime(failing.Value));
        }
    }

    private static bool IsSettled(RunPhase phase) => phase is RunPhase.None or RunPhase.Stopped or RunPhase.Faulted or RunPhase.Ready;

    /// <summary>Whether a call was lost with its silo, so that it can be made again.</summary>
    public static bool IsLost(Exception e) =>
        e is SiloUnavailableException or OrleansMessageRejectionException or ConnectionFailedException or EnumerationAbortedException or TimeoutException;
}
