namespace OrleansDDM.Protocols.Machines;

/// <summary>Who completes the rounds of a protocol, and so whose silence is a stall.</summary>
public enum RoundOwner
{
    /// <summary>Every peer its own.</summary>
    EachPeer,

    /// <summary>The first peer of the roster, a server.</summary>
    FirstPeer,

    /// <summary>Now this peer, now that one.</summary>
    AnyPeer,
}
