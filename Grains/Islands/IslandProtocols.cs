using System.Text.Json;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>The protocols of islands, with the options that a run's spec gives them.</summary>
internal static class IslandProtocols
{
    // Turns take milliseconds; a peer that was taken for dead wrongly is back as soon as it is heard.
    private const double PingSeconds = 1;
    private const double HeartbeatSeconds = 3;

    /// <summary>The protocol of a spec.</summary>
    /// <param name="islands">The spec.</param>
    /// <param name="trainSeconds">Seconds of a local training.</param>
    /// <param name="peers">Peers of the island.</param>
    public static IProtocol Create(IslandsSpec islands, double trainSeconds, int peers)
    {
        // A peer of gossip that is alone from the first waits for nobody.
        IslandsSpec effective = islands.Protocol == "gossip" && peers == 1 ? islands with { Protocol = "dpsgd" } : islands;
        return ProtocolCatalog.Create(effective.Protocol, JsonSerializer.SerializeToElement(Options(effective, trainSeconds)));
    }

    /// <summary>Who sends to whom; null where the protocol needs no topology.</summary>
    public static IMixingSchedule? Mixing(IProtocol protocol, IslandsSpec islands, int peers, ulong seed) => protocol.NeedsTopology && peers > 0
        ? new TopologyPlan { Kind = peers < 3 ? "complete" : islands.Topology, Degree = Math.Clamp(peers - 1, 1, 4), Seed = seed }.Mixing(peers)
        : null;

    private static Dictionary<string, object> Options(IslandsSpec islands, double trainSeconds)
    {
        Dictionary<string, object> options = new() { ["steps"] = islands.LocalSteps, ["aggregator"] = new { rule = islands.Aggregation } };
        switch (islands.Protocol)
        {
            case "modest":
                options["sampleSize"] = islands.SampleSize;
                options["aggregators"] = islands.Aggregators;
                options["successFraction"] = islands.SuccessFraction;
                options["pingSeconds"] = PingSeconds;
                options["heartbeatSeconds"] = HeartbeatSeconds;
                break;
            case "gossip":
                options["periodSeconds"] = trainSeconds;
                break;
            case "fedavg":
                options["sampleSize"] = islands.SampleSize;
                options["successFraction"] = islands.SuccessFraction;
                break;
        }

        return options;
    }
}
