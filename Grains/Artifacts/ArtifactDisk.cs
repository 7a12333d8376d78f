using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>The thread on which artifacts are read and written for other silos: no disk work in a grain turn or on the shared pool.</summary>
internal sealed class ArtifactDisk(WorkWatch watch) : IDisposable
{
    private readonly Slot _thread = new(0, () => { }, "artifacts") { Watch = watch };

    /// <summary>Pieces of work waiting or running.</summary>
    public int Waiting => _thread.Waiting;

    /// <summary>Runs work on the thread, one piece at a time.</summary>
    /// <exception cref="ObjectDisposedException">The silo is stopping.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation = default) => _thread.RunAsync(Lane.Training, work, cancellation, WorkWatch.ShortWork);

    /// <inheritdoc/>
    public void Dispose() => _thread.Dispose();
}
