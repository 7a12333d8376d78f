using System.Security.Cryptography;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Takes an artifact in pieces, in order. It becomes visible as a whole or not at all; without a commit nothing of it stays.</summary>
public sealed class ArtifactWriter : IDisposable
{
    private readonly FolderArtifactStore _store;
    private readonly string _temporary;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private Stream? _stream;
    private bool _published;

    internal ArtifactWriter(FolderArtifactStore store, ArtifactReference reference, string temporary, Stream stream)
    {
        _store = store;
        Reference = reference;
        _temporary = temporary;
        _stream = stream;
    }

    /// <summary>What is taken.</summary>
    public ArtifactReference Reference { get; }

    /// <summary>Bytes taken so far.</summary>
    public long Written { get; private set; }

    /// <summary>Takes the next piece.</summary>
    /// <exception cref="ArtifactException">It is more than was announced, or the disk is full or fails.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_stream is null, this);
        if (bytes.Length > Reference.Bytes - Written)
        {
            throw new ArtifactException($"Artifact {Reference.Sha256} has more than its {Reference.Bytes} bytes.");
        }

        try
        {
            _stream.Write(bytes);
        }
        catch (Exception e) when (FolderArtifactStore.IsOfDisk(e))
        {
            throw _store.Unwritable(Reference.Sha256, e);
        }

        _hash.AppendData(bytes);
        Written += bytes.Length;
    }

    /// <summary>Makes the artifact visible if its bytes are the named ones.</summary>
    /// <returns>Whether they are.</returns>
    /// <exception cref="ArtifactException">The disk is full or fails.</exception>
    public bool Commit()
    {
        ObjectDisposedException.ThrowIf(_stream is null, this);
        if (Written != Reference.Bytes || Convert.ToHexStringLower(_hash.GetHashAndReset()) != Reference.Sha256)
        {
            return false;
        }

        _store.Publish(_temporary, _stream, Reference.Sha256);
        _published = true;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hash.Dispose();
        if (_stream is null)
        {
            return;
        }

        _stream.Dispose();
        _stream = null;
        if (!_published)
        {
            _store.Discard(_temporary);
        }
    }
}
