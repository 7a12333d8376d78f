using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains.Devices;

/// <summary>
/// The right of one activation to train one model on one slot. Its session lives on the slot's thread and dies with the lease. A lease
/// of a higher term under the same key revokes it.
/// </summary>
internal sealed class TrainingLease(string key, long term, double cost, Slot slot, ITrainingSession session) : IAsyncDisposable
{
    private bool _closed;
    private long _newest;

    /// <summary>How much training it is.</summary>
    public double Cost => cost;

    /// <summary>The slot that the session is bound to.</summary>
    public Slot Slot => slot;

    /// <summary>Runs work with the session. It is not cancelled while it waits: what the session has learned must be saved.</summary>
    /// <param name="work">The work.</param>
    /// <param name="limit">Time after which the thread is taken for stuck; null = whatever work may take.</param>
    /// <exception cref="StaleTermException">A newer activation has taken over, before the work or during it.</exception>
    /// <exception cref="OperationCanceledException">The silo is stopping.</exception>
    public Task<T> RunAsync<T>(Func<ITrainingSession, T> work, TimeSpan? limit = null) => slot.RunAsync(
        Lane.Training,
        () =>
        {
            RequireNewest();
            T result = _closed ? throw new OperationCanceledException($"The session of {key} is closed.") : work(session);
            RequireNewest();
            return result;
        },
        limit: limit);

    /// <summary>Refuses all later work, and the outcome of work that runs, for the sake of a newer activation.</summary>
    /// <param name="newer">Its term.</param>
    /// <exception cref="StaleTermException">It is not newer.</exception>
    public void Revoke(long newer)
    {
        if (newer <= term)
        {
            throw new StaleTermException($"The training of {key}", newer, term);
        }

        Volatile.Write(ref _newest, newer);
        _ = DisposeAsync().AsTask();
    }

    /// <summary>Disposes the session on its slot.</summary>
    public async ValueTask DisposeAsync()
    {
        slot.Sessions.TryRemove(KeyValuePair.Create(key, this));
        try
        {
            await slot.RunAsync(Lane.Training, Close);
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            // The silo is gone; the session goes with the process.
        }
    }

    /// <summary>Disposes the session; only on the slot's thread.</summary>
    public bool Close()
    {
        if (!_closed)
        {
            _closed = true;
            session.Dispose();
        }

        return true;
    }

    private void RequireNewest()
    {
        long newest = Volatile.Read(ref _newest);
        if (newest > term)
        {
            throw new StaleTermException($"The training of {key}", term, newest);
        }
    }
}
