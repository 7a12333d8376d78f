namespace OrleansDDM.Contracts.Peers;

/// <summary>Where a peer of a solve is.</summary>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PeerExport)]
public sealed record PeerExport
{
    /// <summary>Its number.</summary>
    [Id(0)]
    public int Number { get; init; }

    /// <summary>Hash of the solve's spec that the rest is of; empty = there is none.</summary>
    [Id(1)]
    public string SpecHash { get; init; } = string.Empty;

    /// <summary>The point x at which its last gradient was taken; empty = none since its activation. Little-endian float64.</summary>
    [Id(2)]
    public byte[] Point { get; init; } = [];

    /// <summary>∇f of its shard there.</summary>
    [Id(3)]
    public byte[] Gradient { get; init; } = [];

    /// <summary>f of its shard there.</summary>
    [Id(4)]
    public double Loss { get; init; }

    /// <summary>Frame of its durable state as it was stored last; empty = none yet.</summary>
    [Id(5)]
    public byte[] Durable { get; init; } = [];

    /// <summary>The vectors that it refers to, but for the common initial one; empty = not asked for.</summary>
    [Id(6)]
    public PeerVector[] Vectors { get; init; } = [];
}
