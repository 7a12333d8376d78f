using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Contracts.Peers;

/// <summary>A message between two peers of an island. Sender and receiver share the bytes: neither changes them.</summary>
/// <param name="SpecHash">The run; a frame of another run is refused.</param>
/// <param name="From">Number of the sender.</param>
/// <param name="Term">Term of the sender's activation; a lower one than the receiver has seen of it is refused.</param>
/// <param name="Number">Number of the frame among those of the sender to this receiver in that term, from 1 on; one that has come already is refused.</param>
/// <param name="Bytes">Frame of the protocol's codec.</param>
/// <param name="Models">The models that it names, but for the initial one. Their bytes travel beside it: the receiver takes what it lacks from a silo that has them.</param>
/// <param name="Packed">Those of them that travel in a smaller form; null = none.</param>
/// <param name="Vectors">Those of them that are small enough to travel with it; null = none.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerFrame)]
public sealed record PeerFrame(
    [property: Id(0)] string SpecHash,
    [property: Id(1)] int From,
    [property: Id(2)] long Term,
    [property: Id(7)] long Number,
    [property: Id(3)] byte[] Bytes,
    [property: Id(4)] ArtifactReference[] Models,
    [property: Id(5)] PackedModel[]? Packed = null,
    [property: Id(6)] PeerVector[]? Vectors = null);

/// <summary>A trained model in the form in which it travels, see <see cref="Specs.IslandsSpec.Compression"/>.</summary>
/// <param name="Model">SHA-256 of the whole model; what is unpacked must have it.</param>
/// <param name="Update">The compressed form.</param>
/// <param name="Base">SHA-256 of the model to which it is a difference; empty = to none.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PackedModel)]
public sealed record PackedModel([property: Id(0)] string Model, [property: Id(1)] ArtifactReference Update, [property: Id(2)] string Base);
