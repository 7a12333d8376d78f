using OrleansDDM.Contracts;

namespace OrleansDDM.Grains.State;

/// <summary>The plan of the hosts of a run.</summary>
[GenerateSerializer]
[Alias(Aliases.HostPlanState)]
internal sealed class HostPlanState : IStoredState<HostPlanState>
{
    /// <summary>The plan as JSON; empty = none.</summary>
    [Id(0)]
    public string Plan { get; set; } = string.Empty;

    /// <summary>Its fingerprint.</summary>
    [Id(1)]
    public string Fingerprint { get; set; } = string.Empty;

    /// <summary>Term of the run that stored it.</summary>
    [Id(2)]
    public long RunTerm { get; set; }

    /// <inheritdoc/>
    [Id(3)]
    public int Version { get; set; }

    /// <inheritdoc/>
    [Id(4)]
    public string Writer { get; set; } = string.Empty;

    /// <inheritdoc/>
    public HostPlanState Copy() => (HostPlanState)MemberwiseClone();
}
