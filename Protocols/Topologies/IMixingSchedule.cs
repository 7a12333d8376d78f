using System.Collections.Immutable;

namespace OrleansDDM.Protocols.Topologies;

/// <summary>Who sends to whom in a round, and with what weight it is mixed. A pure function of the round.</summary>
public interface IMixingSchedule
{
    /// <summary>Number of nodes.</summary>
    int Count { get; }

    /// <summary>Row of the mixing matrix W of this round: the nodes whose models <paramref name="node"/> mixes, itself among them; weights sum to 1.</summary>
    ImmutableArray<MixingWeight> Row(int node, long round);

    /// <summary>The nodes that <paramref name="node"/> must send its model to in this round, without itself.</summary>
    ImmutableArray<int> Receivers(int node, long round);
}

/// <summary>One entry of a mixing matrix.</summary>
/// <param name="Node">Column.</param>
/// <param name="Weight">Positive.</param>
public readonly record struct MixingWeight(int Node, double Weight);
