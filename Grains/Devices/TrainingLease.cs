using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains.Devices;

/// <summary>The right to train one model on one slot. Its session lives on the slot's thread and dies with the lease.</summary>
internal sealed class TrainingLease(string key, double cost, Slot slot, ITrainingSession session) : IAsyncDisposable
{
    private bool _closed;

    /// <summary>How much training it is.</summary>
    public double Cost => cost;

    /// <summary>The slot that the session is bound to.</summary>
    public Slot Slot => slot;

    /// <summary>Runs work with the session. It is not cancelled while it waits: what the session has learned must be saved.</summary>
    /// <exception cref="OperationCanceledException">The lease was closed or taken over by a newer activation.</exception>
    public Task<T> RunAsync<T>(Func<ITrainingSession, T> work) => slot.RunAsync(
        Lane.Training, () => _closed ? throw new OperationCanceledException($"The session of {key} is closed.") : work(session));

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
}
