namespace OrleansDDM.Contracts.Peers;

/// <summary>What is known of an island.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.IslandStatus)]
public sealed record IslandStatus
{
    /// <summary>The protocol.</summary>
    [Id(0)]
    public string Protocol { get; init; } = string.Empty;

    /// <summary>Peers that hold enough of the cluster.</summary>
    [Id(1)]
    public int Peers { get; init; }

    /// <summary>Peers of them that do not answer: their host is down, or they are unreachable on purpose.</summary>
    [Id(2)]
    public int Unreachable { get; init; }

    /// <summary>Times that a peer came back.</summary>
    [Id(3)]
    public long Returns { get; init; }

    /// <summary>Rounds completed.</summary>
    [Id(4)]
    public long Round { get; init; }

    /// <summary>Rounds in all.</summary>
    [Id(5)]
    public long Rounds { get; init; }

    /// <summary>Sum over all peers.</summary>
    [Id(6)]
    public PeerCounts Counts { get; init; } = new();

    /// <summary>The least number of peers that one of those at work takes for present, itself among them: all know each other where it is their number.</summary>
    [Id(7)]
    public int LeastKnown { get; init; }

    /// <summary>The graph on which its peers average; null = the protocol has none.</summary>
    [Id(8)]
    public IslandGraph? Graph { get; init; }

    /// <summary>Longest time between two rounds, in seconds, the time since the last one included; of this activation of the island, from its first round on.</summary>
    [Id(9)]
    public double LongestWait { get; init; }
}
