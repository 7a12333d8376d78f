using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>The protocols by name. To add one: write its file, and give it a line here.</summary>
public static class ProtocolCatalog
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private static readonly SortedDictionary<string, Func<JsonElement?, IProtocol>> Entries = new(StringComparer.Ordinal)
    {
        ["fedavg"] = o => new FedAvg(Read<FedAvgOptions>(o)),
        ["dpsgd"] = o => new Dpsgd(Read<DpsgdOptions>(o)),
        ["gossip"] = o => new GossipLearning(Read<GossipOptions>(o)),
        ["modest"] = o => new Modest(Read<ModestOptions>(o)),
        ["decavg"] = o => new DecAvg(Read<DecAvgOptions>(o)),
        ["dfedsam"] = o => new DfedSam(Read<DfedSamOptions>(o)),
        ["dadao"] = o => new DadaoRounds(Read<DadaoOptions>(o)),
        ["diloco"] = o => new DiLoCo(Read<DiLoCoOptions>(o)),
        ["epidemic"] = o => new EpidemicLearning(Read<EpidemicOptions>(o)),
    };

    /// <summary>Names of all protocols.</summary>
    public static IReadOnlyCollection<string> Names => Entries.Keys;

    /// <summary>A protocol with these options.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="options">JSON object in camelCase with the members of the protocol's options; null = defaults.</param>
    /// <exception cref="SpecException">There is no such protocol, it has no such option, or a value is out of range.</exception>
    public static IProtocol Create(string name, JsonElement? options = null) => Entries.TryGetValue(name, out var create)
        ? create(options)
        : throw new SpecException("protocol.name", $"must be one of {string.Join(", ", Names)}, not '{name}'");

    /// <summary>Checks that a protocol can do with a topology of so many peers, where that is known before anybody trains.</summary>
    /// <exception cref="SpecException">It cannot, or the plan names no graph of that many nodes.</exception>
    public static void CheckTopology(string name, TopologyPlan? topology, int peers)
    {
        if (name != "dadao" || topology is null)
        {
            return;
        }

        // The rates of its edges' clocks follow from the graph's χ1 and χ2, which a graph in parts has not.
        var parts = topology.Graph(peers).Components();
        if (parts.Count != 1 || peers < 2)
        {
            throw new SpecException("topology", string.Create(
                CultureInfo.InvariantCulture,
                $"must join at least two peers to one connected graph for dadao: kind '{topology.Kind}' gives {peers} peers in {parts.Count} parts, the largest of {parts[0].Count}; add edges or choose another kind, degree, radius or seed"));
        }
    }

    private static T Read<T>(JsonElement? options)
        where T : IProtocolOptions, new()
    {
        T read;
        try
        {
            read = options is { } element ? element.Deserialize<T>(Json) ?? new T() : new T();
        }
        catch (JsonException fault)
        {
            throw new SpecException("protocol.options", "cannot be read: " + fault.Message.TrimEnd('.'));
        }

        read.Validate();
        return read;
    }
}
