using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>
/// The artifacts of one silo: immutable bytes named by their SHA-256. Calls block on the disk, for seconds where it has an error that passes: make them on a
/// slot's thread or on <see cref="ArtifactDisk"/>. Thread-safe.
/// </summary>
public interface IArtifactStore
{
    /// <summary>Stores bytes so that they survive a crash right after the call; storing them again changes nothing.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="announce">Called with the name before a file of that name can exist, so that its owner can note it first and no
    /// crash leaves a file without an owner.</param>
    /// <exception cref="ArtifactException">The disk is full or fails; nothing half-written stays.</exception>
    ArtifactReference Put(ReadOnlyMemory<byte> bytes, Action<ArtifactReference>? announce = null);

    /// <summary>Begins to take an artifact in pieces; it is there once the writer commits.</summary>
    /// <exception cref="ArtifactException">The disk is full or fails.</exception>
    ArtifactWriter Receive(ArtifactReference reference);

    /// <summary>The bytes, verified.</summary>
    /// <exception cref="ArtifactException">They are missing, or were corrupt or unreadable and are now in quarantine.</exception>
    /// <exception cref="IOException">They cannot be read for seconds now, for a reason that passes, e.g. too many open files.</exception>
    byte[] Read(string sha256);

    /// <summary>A piece of the bytes, not verified: whoever reads it verifies the whole.</summary>
    /// <param name="sha256">Name of the artifact.</param>
    /// <param name="offset">First byte, at least 0.</param>
    /// <param name="count">Bytes wanted, at least 0; fewer come at the end.</param>
    /// <exception cref="ArtifactException">They are missing or cannot be read.</exception>
    byte[] ReadChunk(string sha256, long offset, int count);

    /// <summary>Reads the file of an artifact again; a corrupt one moves to quarantine.</summary>
    /// <returns>Whether it is there and good.</returns>
    /// <exception cref="IOException">It cannot be read for seconds now, for a reason that passes.</exception>
    bool Verify(string sha256);

    /// <summary>Whether there is a file of that name; it is not verified.</summary>
    bool Contains(string sha256);

    /// <summary>The names of all artifacts with their sizes, by name.</summary>
    IReadOnlyList<ArtifactReference> List();

    /// <summary>Number of corrupt files that were put aside.</summary>
    int Quarantined();

    /// <summary>Time since the artifact was stored or read here; since the store was opened, where that was before.</summary>
    TimeSpan Idle(string sha256);

    /// <summary>Deletes the bytes if they are there.</summary>
    void Delete(string sha256);
}
