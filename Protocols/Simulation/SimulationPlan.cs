using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>Everything that fixes a simulated run. As JSON it replays the run exactly, event by event.</summary>
public sealed record SimulationPlan
{
    private const double LongestSeconds = 1e8;

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

    /// <summary>Probability that an aggregation fails.</summary>
    public double AggregateFailure { get; init; }

    /// <summary>Virtual seconds after which the run ends.</summary>
    public double Seconds { get; init; } = 60;

    /// <summary>Highest round whose completion ends the run; 0 = none.</summary>
    public long Rounds { get; init; }

    /// <summary>What must go on for the run to pass; null = nothing is asked.</summary>
    public ProgressRule? Progress { get; init; }

    /// <summary>What is asked of a run in which many crash and come back at once; null = nothing.</summary>
    public CrashRule? Crash { get; init; }

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
        Require(Protocol is not null && Network is not null && Task is not null && !Faults.IsDefault, "", "must not have null for protocol, network, task or faults");
        Within(Peers, 1, 1_000_000, "peers");
        Within(Seconds, 0.001, LongestSeconds, "seconds");
        Within(Rounds, 0, 1L << 48, "rounds");
        Within(TrainFailure, 0, 1, "trainFailure");
        Within(AggregateFailure, 0, 1, "aggregateFailure");
        Network!.Validate();
        Task!.Validate();
        Topology?.Validate();
        ProtocolCatalog.CheckTopology(Protocol!, Topology, Peers);
        Progress?.Validate();
        foreach (Fault fault in Faults)
        {
            Require(fault is not null && !fault.Peers.IsDefault, "faults", "must not have null");
            Within(fault!.At, 0, LongestSeconds, "faults.at");
            Within(fault.Factor, 1, 1e6, "faults.factor");
            Require(fault.Peers.All(p => p >= 0 && p < Peers), "faults.peers", $"must be within 0 .. {Peers - 1}");
        }

        Crash?.Validate(this);
    }

    internal static void Within(double value, double minimum, double maximum, string key) =>
        Require(value >= minimum && value <= maximum, key, string.Create(CultureInfo.InvariantCulture, $"must be {minimum} .. {maximum}, not {value}"));

    private static void Require(bool holds, string key, string rule)
    {
        if (!holds)
        {
            throw new SpecException(key.Length == 0 ? "simulation" : "simulation." + key, rule);
        }
    }
}
