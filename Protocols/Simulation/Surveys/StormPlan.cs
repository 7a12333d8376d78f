using System.Text.Json;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Simulation.Surveys;

/// <summary>Draws plans in which everything that can go wrong does, in the first half; afterwards all is well and what must hold can be asked.</summary>
public static class StormPlan
{
    private const double FaultSeconds = 20, Moment = 2;

    // A gossip peer works when a random clock says so: once a second on average, and with e^-17 not in 17 s. A round of several exchanges may
    // wait for as many deadlines. A DADAO peer's clock is random too, and goes only as fast as its exchanges get through.
    private const double LongSilence = 17, LongestSilence = 45;

    private static readonly string[] Topologies = ["ring", "complete", "exponential", "one-peer-exponential", "star", "torus", "barabasi-albert"];

    /// <summary>The plan of a seed: loss, doubling, delay, damage and random faults of peers, all functions of the seed.</summary>
    /// <param name="basis">What the plan keeps: the protocol, its options and topology where given, and the task.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="peers">Number of peers; null = 4 .. 15, drawn.</param>
    public static SimulationPlan Draw(SimulationPlan basis, ulong seed, int? peers = null)
    {
        CounterStream random = new(seed, "stormy");
        int drawn = 4 + random.Below(12);
        int count = peers ?? drawn;
        IProtocol protocol = ProtocolCatalog.Create(basis.Protocol, basis.Options);
        double silence = basis.Protocol switch { "dadao" => LongestSilence, "gossip" or "dfedsam" => LongSilence, _ => 10 };
        return basis with
        {
            Seed = seed,
            Peers = count,
            Topology = basis.Topology ?? (protocol.NeedsTopology ? Topology(random, count) : null),
            Options = basis.Options ?? DefaultOptions(basis.Protocol),
            Network = new NetworkPlan
            {
                Loss = 0.05,
                Duplication = 0.05,
                Reordering = 0.1,
                DelaySeconds = 0.8,
                Corruption = 0.01,
                Jitter = 0.2,
                FaultsUntil = FaultSeconds,
            },
            TrainFailure = 0.02,
            AggregateFailure = 0.005,
            Seconds = FaultSeconds + Math.Max(FaultSeconds, silence + (2 * Moment)),
            Rounds = 0,
            Progress = new ProgressRule { From = FaultSeconds + Moment, Seconds = silence },
            Faults = RandomFaults.Draw(seed, count, FaultSeconds, spare: protocol.Owner == RoundOwner.FirstPeer ? 1 : 0),
        };
    }

    // Defaults are for days; a storm lasts 40 s.
    private static JsonElement? DefaultOptions(string protocol) => protocol switch
    {
        "modest" => SimulationPlan.OptionsOf(new ModestOptions { StallSeconds = 4 }),
        "diloco" => SimulationPlan.OptionsOf(new DiLoCoOptions { Steps = 20 }),
        "dfedsam" => SimulationPlan.OptionsOf(new DfedSamOptions { GossipSteps = 2 }),
        _ => null,
    };

    private static TopologyPlan Topology(CounterStream random, int peers)
    {
        string kind = Topologies[random.Below(Topologies.Length)];
        bool prime = Enumerable.Range(2, Math.Max(0, (int)Math.Sqrt(peers) - 1)).All(d => peers % d != 0);
        return new TopologyPlan { Kind = kind == "torus" && prime ? "ring" : kind, Degree = 2, Seed = random.Bits() >> 1 };
    }
}
