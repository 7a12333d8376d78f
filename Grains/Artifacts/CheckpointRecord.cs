using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>One line of a checkpoint index.</summary>
/// <param name="SpecHash">Hash of the spec that was trained.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Term">Term of the activation that wrote it.</param>
/// <param name="Sha256">Name of the checkpoint's bytes.</param>
/// <param name="Bytes">Number of bytes.</param>
/// <param name="ValidationLoss">Newest validation loss at that step, if any.</param>
/// <param name="Fingerprint">Hash of the data and clusters that were trained on; empty or null in a line of an older release, which does not say.</param>
public sealed record CheckpointRecord(string SpecHash, int Step, long Term, string Sha256, long Bytes, double? ValidationLoss, string? Fingerprint = "")
{
    /// <summary>
    /// Whether it may be gone on from by a run of this spec and data. A silo that was away when a run was removed still has its lines, and the run of the
    /// same name and spec that comes next may train on other data. What does not say its data is taken, so that runs of an older release go on.
    /// </summary>
    /// <param name="specHash">Hash of the run's spec.</param>
    /// <param name="fingerprint">Hash of its data and clusters; empty = not known.</param>
    public bool IsOf(string specHash, string fingerprint) =>
        SpecHash == specHash && (string.IsNullOrEmpty(Fingerprint) || string.IsNullOrEmpty(fingerprint) || Fingerprint == fingerprint);

    /// <summary>The record as a reference.</summary>
    public CheckpointReference ToReference() => new(new ArtifactReference(Sha256, Bytes), Step, Term, ValidationLoss);
}
