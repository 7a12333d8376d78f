using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Machines;

/// <summary>The part of a peer's state that survives a crash. Immutable.</summary>
public abstract record DurableState
{
    /// <summary>Models that must not be thrown away.</summary>
    public virtual IEnumerable<ModelHandle> Models => [];

    /// <summary>Writes the state; <see cref="IProtocol.ReadDurable"/> reads it.</summary>
    public abstract void Write(FrameWriter writer);
}

/// <summary>The part of a peer's state that a crash wipes out. Immutable.</summary>
public abstract record VolatileState
{
    /// <summary>Models that must not be thrown away.</summary>
    public virtual IEnumerable<ModelHandle> Models => [];
}

/// <summary>The whole state of a peer, as a transport holds it. Immutable.</summary>
/// <param name="Setup">What the peer knew from the beginning.</param>
public abstract record PeerState(PeerSetup Setup)
{
    /// <summary>Inputs ignored since the start or the last recovery.</summary>
    public long Ignored { get; init; }

    /// <summary>Number of the last piece of work asked for.</summary>
    public long LastWork { get; init; }

    /// <summary>The durable part as it is now, which may be newer than the one persisted.</summary>
    public abstract DurableState DurablePart { get; }

    /// <summary>Every model that the peer may still use; a transport may drop all others.</summary>
    public abstract IEnumerable<ModelHandle> Models { get; }
}

/// <summary>The state of a peer of one protocol.</summary>
/// <typeparam name="TDurable">The protocol's durable state.</typeparam>
/// <typeparam name="TVolatile">The protocol's volatile state.</typeparam>
/// <param name="Setup">What the peer knew from the beginning.</param>
/// <param name="Durable">Survives a crash.</param>
/// <param name="Volatile">Does not.</param>
public sealed record PeerState<TDurable, TVolatile>(PeerSetup Setup, TDurable Durable, TVolatile Volatile) : PeerState(Setup)
    where TDurable : DurableState
    where TVolatile : VolatileState
{
    /// <inheritdoc/>
    public override DurableState DurablePart => Durable;

    /// <inheritdoc/>
    public override IEnumerable<ModelHandle> Models =>
        Durable.Models.Concat(Volatile.Models).Append(Setup.InitialModel).Where(m => !m.IsNone);
}
