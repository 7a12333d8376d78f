using System.Collections.Immutable;

namespace OrleansDDM.Protocols.Machines;

/// <summary>Answer of a protocol to one input.</summary>
/// <param name="State">The new state.</param>
/// <param name="Effects">What the transport must do, in this order.</param>
public readonly record struct Step(PeerState State, ImmutableArray<Effect> Effects);
