using OrleansDDM.Contracts;

namespace OrleansDDM.Grains.State;

/// <summary>What an island's grain remembers beside the model.</summary>
[GenerateSerializer]
[Alias(Aliases.IslandState)]
internal sealed class IslandState
{
    /// <summary>Hash of the spec that the hosts are of.</summary>
    [Id(0)]
    public string SpecHash { get; set; } = string.Empty;

    /// <summary>Names of the silos over which the peers are spread, in turn.</summary>
    [Id(1)]
    public string[] Hosts { get; set; } = [];
}
