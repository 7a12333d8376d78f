using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>One step of one peer, for who watches a simulation.</summary>
/// <param name="Seconds">Virtual time.</param>
/// <param name="Peer">Number of the peer.</param>
/// <param name="Input">What it handled.</param>
/// <param name="State">Its new state.</param>
/// <param name="Effects">What it asked for.</param>
public sealed record Observation(double Seconds, int Peer, Input Input, PeerState State, ImmutableArray<Effect> Effects);
