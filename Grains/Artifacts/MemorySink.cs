using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Takes an artifact into memory: for one that is used once and gone soon, such as the model of a peer.</summary>
internal sealed class MemorySink(ArtifactReference reference) : IArtifactSink
{
    /// <summary>What has come; all of it, and verified, after the commit.</summary>
    public byte[] Bytes { get; private set; } = [];

    public long Written { get; private set; }

    public Task AppendAsync(byte[] piece, CancellationToken cancellation)
    {
        if (piece.Length > reference.Bytes - Written)
        {
            throw new ArtifactException($"Artifact {reference.Sha256} has more than its {reference.Bytes} bytes.");
        }

        if (piece.Length == reference.Bytes)
        {
            Bytes = piece; // as small ones come
        }
        else
        {
            // Not before the first bytes are here: a size is easily said.
            Bytes = Bytes.Length > 0 ? Bytes : new byte[reference.Bytes];
            piece.CopyTo(Bytes, Written);
        }

        Written += piece.Length;
        return Task.CompletedTask;
    }

    // On a thread of the pool: it touches no disk, and a model of a peer takes a moment.
    public Task<bool> CommitAsync(CancellationToken cancellation) => Task.FromResult(Written == reference.Bytes && ArtifactNames.Of(Bytes) == reference.Sha256);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
