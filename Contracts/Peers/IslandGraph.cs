namespace OrleansDDM.Contracts.Peers;

/// <summary>What is worth knowing of the graph on which the peers of an island average. Its nodes are all peers of the island.</summary>
/// <param name="Kind">The topology, e.g. <c>ring</c>.</param>
/// <param name="Edges">Edges; of one-peer-exponential the union over all rounds.</param>
/// <param name="LeastDegree">Fewest neighbours of a peer.</param>
/// <param name="MostDegree">Most neighbours of a peer.</param>
/// <param name="SecondEigenvalue">λ, the second largest absolute eigenvalue of the Metropolis-Hastings mixing, 0 .. 1; null where each round mixes otherwise, or the island is too large for it.</param>
/// <param name="SpectralGap">1 − λ: the larger, the faster the peers agree; null as λ.</param>
/// <param name="Chi1">χ1 of the graph with all edges alike (DADAO, arXiv 2208.00779); null where it has no edge, or the island is too large for it.</param>
/// <param name="Chi2">χ2 of the graph; null as χ1.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.IslandGraph)]
public sealed record IslandGraph(
    [property: Id(0)] string Kind,
    [property: Id(1)] int Edges,
    [property: Id(2)] int LeastDegree,
    [property: Id(3)] int MostDegree,
    [property: Id(4)] double? SecondEigenvalue,
    [property: Id(5)] double? SpectralGap,
    [property: Id(6)] double? Chi1,
    [property: Id(7)] double? Chi2);
