namespace OrleansDDM.Contracts.Models;

/// <summary>Names immutable bytes in an artifact store.</summary>
/// <param name="Sha256">SHA-256 of the bytes, 64 lower-case hex digits.</param>
/// <param name="Bytes">Number of bytes.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ArtifactReference)]
public sealed record ArtifactReference([property: Id(0)] string Sha256, [property: Id(1)] long Bytes);
