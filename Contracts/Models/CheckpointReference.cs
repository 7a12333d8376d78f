namespace OrleansDDM.Contracts.Models;

/// <summary>A checkpoint of one model.</summary>
/// <param name="Artifact">Its bytes.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Term">Term of the activation that wrote it.</param>
/// <param name="ValidationLoss">Newest validation loss at that step; null before the first validation.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.CheckpointReference)]
public sealed record CheckpointReference(
    [property: Id(0)] ArtifactReference Artifact,
    [property: Id(1)] int Step,
    [property: Id(2)] long Term,
    [property: Id(3)] double? ValidationLoss);
