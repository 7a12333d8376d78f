using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Contracts.Devices;

/// <summary>A trained model that a device host can evaluate.</summary>
/// <param name="Spec">The run's spec as canonical JSON.</param>
/// <param name="SpecHash">SHA-256 of it.</param>
/// <param name="Role"><c>expert-N</c> or <c>router</c>.</param>
/// <param name="Weights">Its weights.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ModelReference)]
public sealed record ModelReference(
    [property: Id(0)] string Spec,
    [property: Id(1)] string SpecHash,
    [property: Id(2)] string Role,
    [property: Id(3)] ArtifactReference Weights);
