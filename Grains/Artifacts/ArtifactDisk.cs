using OrleansDDM.Grains.Devices;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>The thread on which artifacts are read and written for other silos: no disk work in a grain turn or on the shared pool.</summary>
internal sealed class ArtifactDisk : IDisposable
{
    private readonly Slot _thread = new(0, () => { }, "artifacts");

    /// <summary>Pieces of work waiting or running.</summary>
    public int Waiting => _thread.Waiting;

    /// <summary>Runs work on the thread, one piece at a time.</summary>
    /// <exception cref="ObjectDisposedException">The silo is stopping.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation = default) => _thread.RunAsync(Lane.Training, work, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _thread.Dispose();
}
