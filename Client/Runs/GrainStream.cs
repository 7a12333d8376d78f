using System.Runtime.CompilerServices;

using Orleans.Runtime;

namespace OrleansDDM.Client.Runs;

/// <summary>
/// Streams from grains whose silo may die. A silo hears at once that another one is dead; a client only finds that an answer is late, after
/// half a minute. So where nothing has come for a while, the grain is asked whether it still is at it: one that has moved to another silo is not.
/// </summary>
internal static class GrainStream
{
    /// <summary>Time without an item after which the grain is asked.</summary>
    public static TimeSpan Quiet { get; } = TimeSpan.FromSeconds(3);

    /// <summary>The items of a stream.</summary>
    /// <param name="items">Opens the stream.</param>
    /// <param name="isThere">Whether the activation that serves it is still there. No answer counts as yes: nobody knows yet.</param>
    /// <param name="clock">Clock.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="SiloUnavailableException">The activation is gone, and the stream with it.</exception>
    public static async IAsyncEnumerable<T> WatchedAsync<T>(
        IAsyncEnumerable<T> items, Func<Task<bool>> isThere, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        IAsyncEnumerator<T> stream = items.GetAsyncEnumerator(cancellation);
        bool gone = false;
        try
        {
            while (true)
            {
                Task<bool> next = stream.MoveNextAsync().AsTask();
                while (!await IsDoneAsync(next, clock, cancellation) && !cancellation.IsCancellationRequested)
                {
                    gone = !await IsThereAsync(isThere, clock);
                    if (gone && !next.IsCompleted)
                    {
                        throw new SiloUnavailableException("The silo that served the stream is gone.");
                    }
                }

                gone = false;
                if (!await next)
                {
                    yield break;
                }

                yield return stream.Current;
            }
        }
        finally
        {
            // Who is gone does not answer the farewell either, and need not.
            Task leaving = LeaveAsync(stream);
            if (!gone)
            {
                await leaving;
            }
        }
    }

    private static async Task LeaveAsync(IAsyncDisposable stream) => await stream.DisposeAsync();

    private static async Task<bool> IsDoneAsync(Task next, TimeProvider clock, CancellationToken cancellation)
    {
        await next.WaitAsync(Quiet, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return next.IsCompleted;
    }

    private static async Task<bool> IsThereAsync(Func<Task<bool>> isThere, TimeProvider clock)
    {
        try
        {
            return await isThere().WaitAsync(Quiet, clock);
        }
        catch (Exception e) when (RunEvents.IsLost(e))
        {
            return true;
        }
    }
}
