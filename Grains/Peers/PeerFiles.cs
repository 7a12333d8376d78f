using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;

namespace OrleansDDM.Grains.Peers;

/// <summary>What this silo's peers have in the artifact store, and whose it is. It blocks on the disk: call it on a slot's thread. Thread-safe.</summary>
internal sealed class PeerFiles(IArtifactStore artifacts, CheckpointIndex index)
{
    private readonly Lock[] _locks = [.. Enumerable.Range(0, 16).Select(_ => new Lock())];

    /// <summary>The lock to hold where a file is written, looked for or deleted, and what follows from that is noted: one for each first digit of a name.</summary>
    public Lock Of(string name) => _locks[Convert.ToInt32(name[..1], 16)];

    /// <summary>Whether a file is there.</summary>
    public bool Contains(string name) => artifacts.Contains(name);

    /// <summary>Writes bytes of a peer.</summary>
    /// <param name="bytes">What is written.</param>
    /// <param name="run">The run that owns it.</param>
    /// <param name="role">Its island; see <see cref="Forget"/>.</param>
    public ArtifactReference Keep(byte[] bytes, string run, string role) => artifacts.Put(
        bytes, a => index.Append(run, Owner(role), new CheckpointRecord(string.Empty, 0, 0, a.Sha256, a.Bytes, null)));

    /// <summary>Deletes what <see cref="Keep"/> wrote.</summary>
    public void Delete(string name) => artifacts.Delete(name);

    /// <summary>Deletes all that peers of an island ever wrote. The island is done.</summary>
    public void Forget(string run, string role)
    {
        foreach (string name in index.Read(run, Owner(role)).Select(r => r.Sha256).Distinct())
        {
            artifacts.Delete(name);
        }
    }

    private static string Owner(string role) => role + ".peers";
}
