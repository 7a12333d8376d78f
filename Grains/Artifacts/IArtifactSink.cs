using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Takes an artifact that comes from another silo, piece by piece, in order. Disposed before its commit, it leaves nothing.</summary>
internal interface IArtifactSink : IAsyncDisposable
{
    /// <summary>Bytes taken so far.</summary>
    long Written { get; }

    /// <summary>Takes the next piece.</summary>
    /// <exception cref="ArtifactException">It is more than was announced, or the disk is full or fails.</exception>
    Task AppendAsync(byte[] piece, CancellationToken cancellation);

    /// <summary>Ends it.</summary>
    /// <returns>Whether the bytes are those that the artifact's name says.</returns>
    /// <exception cref="ArtifactException">The disk is full or fails.</exception>
    Task<bool> CommitAsync(CancellationToken cancellation);
}
