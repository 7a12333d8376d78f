using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;

namespace OrleansDDM.Grains.State;

/// <summary>What an island's grain remembers beside the model.</summary>
[GenerateSerializer]
[Alias(Aliases.IslandState)]
internal sealed class IslandState : IStoredState<IslandState>
{
    /// <summary>Hash of the spec that the rest is of.</summary>
    [Id(0)]
    public string SpecHash { get; set; } = string.Empty;

    /// <summary>Names of the silos over which the peers are spread, in turn.</summary>
    [Id(1)]
    public string[] Hosts { get; set; } = [];

    /// <summary>Seconds of a local training, as measured when the island began. All its peers go by the same figure.</summary>
    [Id(2)]
    public double TrainSeconds { get; set; }

    /// <summary>When the island began.</summary>
    [Id(3)]
    public DateTimeOffset Began { get; set; }

    /// <summary>Numbers of its peers.</summary>
    [Id(6)]
    public int[] Members { get; set; } = [];

    /// <summary>The graph of its peers, described when the island began; null = the protocol has none.</summary>
    [Id(7)]
    public IslandGraph? Graph { get; set; }

    /// <inheritdoc/>
    [Id(4)]
    public int Version { get; set; }

    /// <inheritdoc/>
    [Id(5)]
    public string Writer { get; set; } = string.Empty;

    /// <inheritdoc/>
    public IslandState Copy() => (IslandState)MemberwiseClone();
}
