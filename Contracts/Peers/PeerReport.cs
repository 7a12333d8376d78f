using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Contracts.Peers;

/// <summary>What a peer tells its island after a training and after a round.</summary>
/// <param name="SpecHash">The run.</param>
/// <param name="Number">The peer.</param>
/// <param name="Term">Term of its activation.</param>
/// <param name="Counts">Its counts since then.</param>
/// <param name="Round">The round that it completed; -1 = none.</param>
/// <param name="Model">Model of that round, in the artifact store of the peer's silo.</param>
/// <param name="Loss">Mean loss of the training just done; NaN = none.</param>
/// <param name="Known">Peers that it takes for present, itself among them.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerReport)]
public sealed record PeerReport(
    [property: Id(0)] string SpecHash,
    [property: Id(1)] int Number,
    [property: Id(2)] long Term,
    [property: Id(3)] PeerCounts Counts,
    [property: Id(4)] long Round,
    [property: Id(5)] ArtifactReference? Model,
    [property: Id(6)] double Loss,
    [property: Id(7)] int Known = 0);
