namespace OrleansDDM.Contracts.Peers;

/// <summary>Asks a peer to take part in an island.</summary>
/// <param name="Spec">The run's spec as canonical JSON, or the solve's.</param>
/// <param name="SpecHash">SHA-256 of it. A hash that differs from the stored one makes the peer forget what it had.</param>
/// <param name="IslandTerm">Term of the island's activation; a lower one than the peer has seen is refused.</param>
/// <param name="Initial">The common initial model.</param>
/// <param name="Roster">The peers of the island in ascending order, this one among them.</param>
/// <param name="Joining">Whether the island is under way already.</param>
/// <param name="TrainSeconds">Seconds that a local training was measured to take while all models of the run train.</param>
/// <param name="Began">When the island began: zero of its run-relative time. With the hash it tells one island from another.</param>
/// <param name="Shards">SHA-256 of who holds what; a peer whose host comes to another refuses. Empty = not told.</param>
/// <param name="Recorded">Rounds that the island has recorded; a peer that has completed more tells it again. Of a solve, 1 = this peer has stored a state.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerStart)]
public sealed record PeerStart(
    [property: Id(0)] string Spec,
    [property: Id(1)] string SpecHash,
    [property: Id(2)] long IslandTerm,
    [property: Id(3)] string Initial,
    [property: Id(4)] PeerAddress[] Roster,
    [property: Id(5)] bool Joining,
    [property: Id(6)] double TrainSeconds,
    [property: Id(7)] DateTimeOffset Began,
    [property: Id(8)] string Shards = "",
    [property: Id(9)] long Recorded = 0);

/// <summary>A peer as the others of its island know it.</summary>
/// <param name="Number">Its number in the run.</param>
/// <param name="Host">Name of the silo on the host of its data.</param>
/// <param name="Samples">Samples of the island's cluster that it holds.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerAddress)]
public sealed record PeerAddress([property: Id(0)] int Number, [property: Id(1)] string Host, [property: Id(2)] long Samples);
