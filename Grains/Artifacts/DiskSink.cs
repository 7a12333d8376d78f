namespace OrleansDDM.Grains.Artifacts;

/// <summary>Takes an artifact to this silo's store, on the thread for that.</summary>
internal sealed class DiskSink(ArtifactWriter writer, ArtifactDisk disk) : IArtifactSink
{
    public long Written => writer.Written;

    public Task AppendAsync(byte[] piece, CancellationToken cancellation) => disk.RunAsync(
        () =>
        {
            writer.Append(piece);
            return true;
        },
        cancellation);

    public Task<bool> CommitAsync(CancellationToken cancellation) => disk.RunAsync(writer.Commit, cancellation);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await disk.RunAsync(() =>
            {
                writer.Dispose();
                return true;
            });
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            // The silo is stopping; its next start removes what is half-written.
            writer.Dispose();
        }
    }
}
