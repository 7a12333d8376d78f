using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Tests.Protocols.Simulation;

/// <summary>Plans that the tests share.</summary>
internal static class Plans
{
    internal static NetworkPlan Quiet => new();

    internal static NetworkPlan Faulty => new()
    {
        Loss = 0.05,
        Duplication = 0.05,
        Reordering = 0.1,
        DelaySeconds = 0.8,
        Corruption = 0.01,
        Jitter = 0.2,
        FaultsUntil = 20,
    };

    internal static SimulationPlan Of(string protocol, ulong seed = 1, int peers = 12, double seconds = 30) => new()
    {
        Seed = seed,
        Peers = peers,
        Protocol = protocol,
        Topology = ProtocolCatalog.Create(protocol).NeedsTopology ? new TopologyPlan { Kind = "ring" } : null,
        Seconds = seconds,
    };

    /// <summary>A plan with every kind of fault in its first 20 seconds, all of it a function of the seed; afterwards all is well.</summary>
    internal static SimulationPlan Stormy(string protocol, ulong seed)
    {
        CounterStream random = new(seed, "stormy");
        int peers = 4 + random.Below(12);
        TopologyPlan? topology = ProtocolCatalog.Create(protocol).NeedsTopology
            ? new TopologyPlan { Kind = new[] { "ring", "complete", "exponential", "one-peer-exponential", "star" }[random.Below(5)] }
            : null;
        return Of(protocol, seed, peers, 40) with
        {
            Topology = topology,
            Options = protocol switch
            {
                "modest" => SimulationPlan.OptionsOf(new ModestOptions { StallSeconds = 4 }),
                "diloco" => SimulationPlan.OptionsOf(new DiLoCoOptions { Steps = 20 }),
                "dfedsam" => SimulationPlan.OptionsOf(new DfedSamOptions { GossipSteps = 2 }),
                _ => null,
            },
            Network = Faulty,
            TrainFailure = 0.02,
            Faults = RandomFaults.Draw(seed, peers, 20, spare: protocol == "fedavg" ? 1 : 0),
        };
    }

    internal static ImmutableArray<int> Range(int from, int count) => [.. Enumerable.Range(from, count)];
}
