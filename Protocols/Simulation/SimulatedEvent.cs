using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>Something that waits for its time.</summary>
internal abstract record SimulatedEvent
{
    internal sealed record Happens(Fault Fault) : SimulatedEvent;

    /// <summary>An input for one life of a peer; a timer only counts if it is still the one that was set.</summary>
    internal sealed record Due(SimulatedPeer Peer, int Life, Input Input, long TimerNumber = 0) : SimulatedEvent;

    /// <summary>A message under way; models that it carries need the life of the sender that sends them.</summary>
    internal sealed record Delivery(
        SimulatedPeer From, int FromLife, SimulatedPeer To, byte[] Frame, MessageBody Sent, bool CarriesModels) : SimulatedEvent;
}
