using System.Collections.Immutable;

using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Machines;

/// <summary>What a peer knows before anything happens; the same again after a crash.</summary>
public sealed record PeerSetup
{
    /// <summary>This peer.</summary>
    public required PeerId Self { get; init; }

    /// <summary>Seed of the run; every draw is a function of it.</summary>
    public required ulong Seed { get; init; }

    /// <summary>All peers that the run was planned with, in ascending order; positions are the nodes of <see cref="Mixing"/>.</summary>
    public required ImmutableArray<PeerId> Roster { get; init; }

    /// <summary>The peers that take part from the beginning; all of <see cref="Roster"/> unless told otherwise.</summary>
    public ImmutableArray<PeerId> Founders
    {
        get => field.IsDefault ? Roster : field;
        init;
    }

    /// <summary>The common initial model θ0, local at every peer.</summary>
    public required ModelHandle InitialModel { get; init; }

    /// <summary>Who sends to whom and with what weight; null where the protocol needs none.</summary>
    public IMixingSchedule? Mixing { get; init; }

    /// <summary>Samples in this peer's shard, at least 1.</summary>
    public long Samples { get; init; } = 1;

    /// <summary>Whether the run is under way already, so that the others must be told of this peer.</summary>
    public bool Joining { get; init; }

    /// <summary>What a round's work is expected to take.</summary>
    public WorkEstimate Estimate { get; init; } = new();

    /// <summary>The same for the run as a whole, equal at every peer: what lengths of time are taken from that all must agree on.</summary>
    public WorkEstimate CommonEstimate { get; init; } = new();

    /// <summary>Position of a peer in <see cref="Roster"/>, or a negative number.</summary>
    public int IndexOf(PeerId peer) => Roster.BinarySearch(peer);

    /// <summary>The mixing schedule.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public IMixingSchedule RequireMixing() => Mixing ?? throw new InvalidOperationException(
        "This protocol needs a topology: give the run one, e.g. \"ring\".");
}
