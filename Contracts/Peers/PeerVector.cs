namespace OrleansDDM.Contracts.Peers;

/// <summary>A vector of a convex solve, small enough to stand in a state or a message.</summary>
/// <param name="Name">SHA-256 of the bytes; what is read must have it.</param>
/// <param name="Bytes">Its elements, little-endian float64.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerVector)]
public sealed record PeerVector([property: Id(0)] string Name, [property: Id(1)] byte[] Bytes);
