using System.Collections.Concurrent;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Work that several may want at the same time: one does it for all, and none of them can cancel it for the others. Thread-safe.</summary>
internal sealed class SharedTasks<T>
{
    private readonly ConcurrentDictionary<string, Lazy<Task<T>>> _under = new();

    /// <summary>Does the work on the pool, or waits for who is at it.</summary>
    /// <param name="key">Names the work.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public Task<T> RunAsync(string key, Func<Task<T>> work, CancellationToken cancellation)
    {
        var mine = new Lazy<Task<T>>(() => Task.Run(() => OnceAsync(key, work)).MayBeGivenUp());
        return _under.GetOrAdd(key, mine).Value.WaitAsync(cancellation);
    }

    // It ends itself: those who asked for it may all have given up by then.
    private async Task<T> OnceAsync(string key, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        finally
        {
            _under.TryRemove(key, out _);
        }
    }
}
