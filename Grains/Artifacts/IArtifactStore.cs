using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Immutable bytes named by their SHA-256. Calls block on the disk: make them on a slot's thread. Thread-safe.</summary>
public interface IArtifactStore
{
    /// <summary>Stores bytes so that they survive a crash right after the call; storing them again changes nothing.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="announce">Called with the name before a file of that name can exist, so that its owner can note it first and no
    /// crash leaves a file without an owner.</param>
    ArtifactReference Put(ReadOnlyMemory<byte> bytes, Action<ArtifactReference>? announce = null);

    /// <summary>The bytes, verified.</summary>
    /// <exception cref="ArtifactException">They are missing, or were corrupt and are now in quarantine.</exception>
    byte[] Read(string sha256);

    /// <summary>Whether there is a file of that name; it is not verified.</summary>
    bool Contains(string sha256);

    /// <summary>Deletes the bytes if they are there.</summary>
    void Delete(string sha256);
}
