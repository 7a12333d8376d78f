using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Machines;

/// <summary>
/// A round protocol as a pure state machine: the same state, input and time give the same new state and effects. One instance serves
/// all peers of a run and holds only options.
/// </summary>
public interface IProtocol
{
    /// <summary>Name in specs, e.g. <c>modest</c>.</summary>
    string Name { get; }

    /// <summary>Number of the protocol in every frame.</summary>
    byte Code { get; }

    /// <summary>Whether <see cref="PeerSetup.Mixing"/> must be given.</summary>
    bool NeedsTopology { get; }

    /// <summary>Who completes rounds.</summary>
    RoundOwner Owner => RoundOwner.EachPeer;

    /// <summary>Whether a round has one model for all, and not one of each peer.</summary>
    bool IsShared => Owner != RoundOwner.EachPeer;

    /// <summary>Number of the first round: 0, or 1 where the paper counts so. A round r that is reported as completed is the r − <see cref="FirstRound"/>-th.</summary>
    long FirstRound => 0;

    /// <summary>The state before the first input.</summary>
    PeerState Create(PeerSetup setup);

    /// <summary>One step. Unknown inputs are ignored and counted; it never throws for what a peer or the network may do.</summary>
    /// <param name="state">A state of this protocol.</param>
    /// <param name="input">What happened.</param>
    /// <param name="now">Run-relative time; never goes back for one peer.</param>
    Step Handle(PeerState state, Input input, TimeSpan now);

    /// <summary>Reads a message body; null for an unknown kind. Bounds are checked by the reader.</summary>
    MessageBody? ReadBody(byte kind, ref FrameReader reader);

    /// <summary>Reads what <see cref="DurableState.Write"/> wrote.</summary>
    DurableState ReadDurable(ref FrameReader reader);

    /// <summary>The invariant that this step of one peer broke, or null. For simulations and tests.</summary>
    string? Violation(PeerState before, PeerState after);

    /// <summary>What peers that are all alive and have been left in peace for a while do not agree on, though they should; or null. For simulations and tests.</summary>
    string? Disagreement(IReadOnlyList<PeerState> peers) => null;
}
