using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains;

/// <summary>
/// The checkpoints of models as artifacts plus index lines: written so that a crash at any moment leaves a good one, opened from the
/// newest that is good. All members block on the disk and run on a slot's thread.
/// </summary>
internal sealed partial class Checkpoints(IArtifactStore artifacts, CheckpointIndex index, ILogger<Checkpoints> logger)
{
    /// <summary>Writes the session's checkpoint.</summary>
    public CheckpointReference Write(string run, string role, string specHash, long term, ITrainingSession session)
    {
        double? validation = Validation(session);
        CheckpointReference? written = null;
        artifacts.Put(session.SaveCheckpoint(), artifact =>
        {
            written = new CheckpointReference(artifact, session.Step, term, validation);
            index.Append(run, role, new CheckpointRecord(specHash, session.Step, term, artifact.Sha256, artifact.Bytes, validation));
        });
        return written!;
    }

    /// <summary>Every checkpoint that may still exist, from what the grain remembers and from the index, newest first.</summary>
    public IReadOnlyList<CheckpointReference> Candidates(string run, string role, string specHash, IEnumerable<CheckpointReference> remembered) =>
        [.. index.Read(run, role)
            .Where(r => r.SpecHash == specHash)
            .Select(r => r.ToReference())
            .Concat(remembered)
            .GroupBy(c => c.Artifact.Sha256)
            .Select(g => g.MaxBy(c => c.Term)!)
            .Where(c => artifacts.Contains(c.Artifact.Sha256))
            .OrderByDescending(c => c.Step)
            .ThenByDescending(c => c.Term)];

    /// <summary>The highest term that the index knows of a model; 0 = none.</summary>
    public long HighestTerm(string run, string role) => index.Read(run, role).Select(r => r.Term).DefaultIfEmpty().Max();

    /// <summary>Opens the newest good checkpoint, passing over missing, corrupt and foreign ones, or starts from scratch.</summary>
    /// <param name="candidates">Newest first.</param>
    /// <param name="open">Opens a session from bytes, or from scratch.</param>
    /// <param name="role">For the log.</param>
    /// <returns>The session and the checkpoint that it comes from, null = from scratch.</returns>
    public (ITrainingSession Session, CheckpointReference? From) OpenNewest(
        IReadOnlyList<CheckpointReference> candidates, Func<byte[]?, ITrainingSession> open, string role)
    {
        foreach (CheckpointReference candidate in candidates)
        {
            try
            {
                return (open(artifacts.Read(candidate.Artifact.Sha256)), candidate);
            }
            catch (Exception e) when (e is ArtifactException or InvalidDataException)
            {
                LogPassedOver(role, candidate.Step, e.Message);
            }
        }

        return (open(null), null);
    }

    /// <summary>Deletes every artifact of the model that the index knows and that is not kept.</summary>
    public void Retain(string run, string role, IEnumerable<CheckpointReference?> kept)
    {
        HashSet<string> names = [.. kept.OfType<CheckpointReference>().Select(c => c.Artifact.Sha256)];
        foreach (string name in index.Read(run, role).Select(r => r.Sha256).Distinct().Where(n => !names.Contains(n)))
        {
            artifacts.Delete(name);
        }
    }

    /// <summary>Stores the final weights.</summary>
    public ArtifactReference WriteWeights(ITrainingSession session) => artifacts.Put(session.SaveWeights());

    /// <summary>Stores the weights of a checkpoint.</summary>
    /// <exception cref="ArtifactException">Its bytes are missing or corrupt.</exception>
    public ArtifactReference WriteWeights(CheckpointReference checkpoint, Func<byte[], ITrainingSession> open)
    {
        using ITrainingSession session = open(artifacts.Read(checkpoint.Artifact.Sha256));
        return WriteWeights(session);
    }

    /// <summary>Deletes an artifact that the model no longer needs.</summary>
    public bool Delete(ArtifactReference reference)
    {
        artifacts.Delete(reference.Sha256);
        return true;
    }

    /// <summary>Whether the bytes are there and good; bad ones move to quarantine.</summary>
    public bool IsGood(ArtifactReference reference)
    {
        try
        {
            artifacts.Read(reference.Sha256);
            return true;
        }
        catch (ArtifactException)
        {
            return false;
        }
    }

    // Only of the very weights that are written.
    private static double? Validation(ITrainingSession session) =>
        session.History.LastOrDefault(r => r.Name == MetricNames.Validation) is { } row && row.Step == session.Step ? row.Value : null;

    [LoggerMessage(EventId = 1011, Level = LogLevel.Warning, Message = "{Role}: the checkpoint of step {Step} cannot be used, trying an older one: {Reason}")]
    private partial void LogPassedOver(string role, int step, string reason);
}
