using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Messages;

/// <summary>Body of a message between peers. Immutable; its own <see cref="Write"/> is the wire format.</summary>
public abstract record MessageBody
{
    /// <summary>Number of the kind within its protocol; 255 is reserved.</summary>
    public abstract byte Kind { get; }

    /// <summary>Models that must be local before the message is delivered; their bytes travel beside the frame.</summary>
    public virtual IEnumerable<ModelHandle> Models => [];

    /// <summary>Writes the fields, in the order in which the protocol reads them.</summary>
    public abstract void Write(FrameWriter writer);
}

/// <summary>A peer's owner asks it to leave in good order. Only a peer itself can send it to itself; it never crosses the network.</summary>
public sealed record LeaveRequest : MessageBody
{
    /// <inheritdoc/>
    public override byte Kind => 255;

    /// <inheritdoc/>
    public override void Write(FrameWriter writer)
    {
    }
}
