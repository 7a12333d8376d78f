using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Solves;

namespace OrleansDDM.Grains.State;

/// <summary>What a solve remembers.</summary>
[GenerateSerializer]
[Alias(Aliases.SolveState)]
internal sealed class SolveState : IStoredState<SolveState>
{
    /// <summary>Its spec, canonical.</summary>
    [Id(0)]
    public string Spec { get; set; } = string.Empty;

    /// <summary>Term of its newest activation at work.</summary>
    [Id(1)]
    public long Term { get; set; }

    /// <summary>Names of the silos over which the peers are spread, in turn; empty = it has not begun.</summary>
    [Id(2)]
    public string[] Hosts { get; set; } = [];

    /// <summary>When it began: zero of the peers' time.</summary>
    [Id(3)]
    public DateTimeOffset Began { get; set; }

    /// <summary>Seconds of a gradient of the largest shard, as measured then. All peers go by the same figure.</summary>
    [Id(4)]
    public double GradientSeconds { get; set; }

    /// <summary>The newest status that was stored.</summary>
    [Id(5)]
    public SolveStatus Status { get; set; } = new();

    /// <summary>The solution; empty until the end.</summary>
    [Id(6)]
    public byte[] Solution { get; set; } = [];

    /// <inheritdoc/>
    [Id(7)]
    public int Version { get; set; }

    /// <inheritdoc/>
    [Id(8)]
    public string Writer { get; set; } = string.Empty;

    /// <inheritdoc/>
    public SolveState Copy() => (SolveState)MemberwiseClone();
}
