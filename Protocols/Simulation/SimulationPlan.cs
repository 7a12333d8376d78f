using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>Everything that fixes a simulated run. As JSON it replays the run exactly, event by event.</summary>
public sealed record SimulationPlan
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Version of this form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Seed of everything.</summary>
    public ulong Seed { get; init; }

    /// <summary>Number of peers, late ones too.</summary>
    public int Peers { get; init; } = 10;

    /// <summary>One of <see cref="ProtocolCatalog.Names"/>.</summary>
    public string Protocol { get; init; } = "dpsgd";

    /// <summary>The protocol's options; null = defaults.</summary>
    public JsonElement? Options { get; init; }

    /// <summary>The topology; null = none, for protocols that pick peers on their own.</summary>
    public TopologyPlan? Topology { get; init; }

    /// <summary>The network.</summary>
    public NetworkPlan Network { get; init; } = new();

    /// <summary>What is learned.</summary>
    public TaskPlan Task { get; init; } = new();

    /// <summary>What goes wrong and when.</summary>
    public ImmutableArray<Fault> Faults { get; init; } = [];

    /// <summary>Probability that a training fails.</summary>
    public double TrainFailure { get; init; }

    /// <summary>Virtual seconds after which the run ends.</summary>
    public double Seconds { get; init; } = 60;

    /// <summary>Highest round whose completion ends the run; 0 = none.</summary>
    public long Rounds { get; init; }

    /// <summary>Options of a protocol as this plan holds them.</summary>
    public static JsonElement OptionsOf<T>(T options) => JsonSerializer.SerializeToElement(options, Json);

    /// <summary>Reads a plan and checks it.</summary>
    /// <exception cref="SpecException">Not JSON, an unknown key, or a value out of range.</exception>
    public static SimulationPlan Read(string json)
    {
        try
        {
            SimulationPlan plan = JsonSerializer.Deserialize<SimulationPlan>(json, Json) ?? new SimulationPlan();
            plan.Validate();
            return plan;
        }
        catch (JsonException fault)
        {
            throw new SpecException("simulation", "cannot be read: " + fault.Message.TrimEnd('.'));
        }
    }

    /// <summary>The plan as JSON.</summary>
    public string Write() => JsonSerializer.Serialize(this, Json);

    /// <summary>Checks ranges.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    public void Validate()
    {
        Require(Version == 1, "version", "must be 1");
        Require(Peers is >= 1 and <= 1_000_000, "peers", "must be 1 .. 1000000");
        Require(Seconds > 0 && double.IsFinite(Seconds), "seconds", "must be positive");
        Require(IsProbability(TrainFailure), "trainFailure", "must be 0 .. 1");
        Require(
            IsProbability(Network.Loss) && IsProbability(Network.Duplication) && IsProbability(Network.Reordering) && IsProbability(Network.Corruption),
            "network",
            "must have probabilities 0 .. 1");
        Require(Network.BytesPerSecond > 0 && double.IsFinite(Network.BytesPerSecond), "network.bytesPerSecond", "must be positive");
        foreach (Fault fault in Faults)
        {
            Require(fault.At >= 0 && double.IsFinite(fault.At), "faults.at", "must not be negative");
            Require(fault.Factor >= 1 && double.IsFinite(fault.Factor), "faults.factor", "must be at least 1");
            Require(fault.Peers.All(p => p >= 0 && p < Peers), "faults.peers", $"must be within 0 .. {Peers - 1}");
        }
    }

    private static bool IsProbability(double value) => value is >= 0 and <= 1;

    private static void Require(bool holds, string key, string rule)
    {
        if (!holds)
        {
            throw new SpecException("simulation." + key, rule);
        }
    }
}
