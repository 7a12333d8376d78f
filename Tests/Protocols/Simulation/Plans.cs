using System.Collections.Immutable;

using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Tests.Protocols.Simulation;

/// <summary>Plans that the tests share.</summary>
internal static class Plans
{
    internal static NetworkPlan Quiet => new();

    internal static SimulationPlan Of(string protocol, ulong seed = 1, int peers = 12, double seconds = 30) => new()
    {
        Seed = seed,
        Peers = peers,
        Protocol = protocol,
        Topology = ProtocolCatalog.Create(protocol).NeedsTopology ? new TopologyPlan { Kind = "ring" } : null,
        Seconds = seconds,
    };

    /// <summary>A plan with every kind of fault in its first 20 seconds, all of it a function of the seed; afterwards all is well.</summary>
    internal static SimulationPlan Stormy(string protocol, ulong seed) => StormPlan.Draw(new SimulationPlan { Protocol = protocol }, seed);

    internal static ImmutableArray<int> Range(int from, int count) => [.. Enumerable.Range(from, count)];
}
