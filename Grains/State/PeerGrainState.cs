using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;

namespace OrleansDDM.Grains.State;

/// <summary>What a peer remembers over a crash.</summary>
[GenerateSerializer]
[Alias(Aliases.PeerGrainState)]
internal sealed class PeerGrainState : IStoredState<PeerGrainState>
{
    /// <summary>Hash of the spec in training; empty = never started.</summary>
    [Id(0)]
    public string SpecHash { get; set; } = string.Empty;

    /// <summary>Highest term of its island seen.</summary>
    [Id(1)]
    public long IslandTerm { get; set; }

    /// <summary>Term of its newest activation.</summary>
    [Id(2)]
    public long Term { get; set; }

    /// <summary>Frame of the protocol's durable state; empty = none yet.</summary>
    [Id(3)]
    public byte[] Durable { get; set; } = [];

    /// <summary>Names of the models that it refers to, so that nobody collects them.</summary>
    [Id(7)]
    public string[] Models { get; set; } = [];

    /// <summary>Of a peer of a solve, the vectors themselves: they are small, and one write stores all of an exchange.</summary>
    [Id(10)]
    public PeerVector[] Vectors { get; set; } = [];

    /// <summary>Name of the artifact with what compression has left out of the peer's updates; empty = nothing.</summary>
    [Id(8)]
    public string Residual { get; set; } = string.Empty;

    /// <summary>Run-relative time at which that was written.</summary>
    [Id(4)]
    public TimeSpan Time { get; set; }

    /// <summary>When its island began: with the hash, that tells which island it is of.</summary>
    [Id(9)]
    public DateTimeOffset Began { get; set; }

    /// <inheritdoc/>
    [Id(5)]
    public int Version { get; set; }

    /// <inheritdoc/>
    [Id(6)]
    public string Writer { get; set; } = string.Empty;

    /// <inheritdoc/>
    public PeerGrainState Copy() => (PeerGrainState)MemberwiseClone();
}
