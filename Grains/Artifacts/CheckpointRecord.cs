using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>One line of a checkpoint index.</summary>
/// <param name="SpecHash">Hash of the spec that was trained.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Term">Term of the activation that wrote it.</param>
/// <param name="Sha256">Name of the checkpoint's bytes.</param>
/// <param name="Bytes">Number of bytes.</param>
/// <param name="ValidationLoss">Newest validation loss at that step, if any.</param>
public sealed record CheckpointRecord(string SpecHash, int Step, long Term, string Sha256, long Bytes, double? ValidationLoss)
{
    /// <summary>The record as a reference.</summary>
    public CheckpointReference ToReference() => new(new ArtifactReference(Sha256, Bytes), Step, Term, ValidationLoss);
}
