using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace OrleansDDM.Specs;

/// <summary>
/// A convex problem for peers to solve without a server: regularised softmax regression of the images' classes, each peer holding a shard of them.
/// </summary>
public sealed record SolveSpec
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>Names that <see cref="Shards"/> may have.</summary>
    public static IReadOnlyList<string> Partitions { get; } = ["dirichlet", "iid", "label-sorted", "pathological", "quantity"];

    /// <summary>Names that <see cref="Topology"/> may have.</summary>
    public static IReadOnlyList<string> Topologies { get; } =
        ["ring", "complete", "star", "path", "grid", "torus", "barbell", "exponential", "random-regular", "small-world", "barabasi-albert", "random-geometric", "file"];

    /// <summary>Names that <see cref="Rates"/> may have.</summary>
    public static IReadOnlyList<string> RateRules { get; } = ["uniform", "optimised"];

    /// <summary>Name of the solve: letters, digits, dots, dashes and underscores.</summary>
    public string Name { get; init; } = "solve";

    /// <summary>Seed of the hold-out, the shards, the graph and the peers' clocks.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Images with classes.</summary>
    public DataSpec Data { get; init; } = new() { Name = "digits" };

    /// <summary>Peers. [2, 256]</summary>
    public int Peers { get; init; } = 8;

    /// <summary>How the images are spread over the peers, see <see cref="IslandsSpec.Shards"/>.</summary>
    public string Shards { get; init; } = "dirichlet";

    /// <summary>Dirichlet's alpha of <c>dirichlet</c> and <c>quantity</c>. [1e-3, 1e6]</summary>
    public double Alpha { get; init; } = 0.3;

    /// <summary>Classes of a peer for <c>pathological</c>, pieces of a peer for <c>label-sorted</c>. [1, 1000]</summary>
    public int ClassesPerPeer { get; init; } = 2;

    /// <summary>Who is connected to whom: a connected graph.</summary>
    public string Topology { get; init; } = "ring";

    /// <summary>The edges of <c>file</c>, on every silo: the numbers of two peers a line. Null, and no part of the JSON, without it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TopologyFile { get; init; }

    /// <summary>Degree of <c>random-regular</c>, links of <c>barabasi-albert</c>, reach of <c>small-world</c>; null = 4, or as many as a peer has others. [1, 255]</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TopologyDegree { get; init; }

    /// <summary>Radius of <c>random-geometric</c>, whose peers are points of the unit square; null = 0.4. [1e-3, 2]</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TopologyRadius { get; init; }

    /// <summary>How often each edge exchanges: <c>uniform</c> = all edges alike; <c>optimised</c> = so that the fewest exchanges are needed, which pays where some edges matter more than others.</summary>
    public string Rates { get; init; } = "uniform";

    /// <summary>μ of the penalty ½ μ ‖x‖², and so the strong convexity. [1e-6, 1e3]</summary>
    public double Ridge { get; init; } = 0.01;

    /// <summary>Distance to the optimum, ‖x − x*‖₂, at which every peer must be proven to be. (0, 1e6]</summary>
    public double Accuracy { get; init; } = 1e-2;

    /// <summary>Gradients of a peer, on average, after which the solve ends without that. [1, 1e7]</summary>
    public int Gradients { get; init; } = 10_000;

    /// <summary>Seconds in which a peer takes one gradient on average; 0 = from a measurement. [0, 1e4]</summary>
    public double UnitSeconds { get; init; }

    /// <summary>Reads and validates a spec.</summary>
    /// <param name="json">A JSON object; keys that it leaves out take their default.</param>
    /// <exception cref="SpecException">Not JSON, an unknown key, a value of the wrong type, or one out of range.</exception>
    public static SolveSpec Read(string json)
    {
        SolveSpec spec;
        try
        {
            spec = JsonSerializer.Deserialize<SolveSpec>(json, Json) ?? throw new SpecException("spec", "must be a JSON object");
        }
        catch (JsonException e)
        {
            throw new SpecException(string.IsNullOrEmpty(e.Path) ? "spec" : e.Path.TrimStart('$', '.'), "cannot be read: " + e.Message.TrimEnd('.'));
        }

        SpecValidator.Validate(spec);
        return spec;
    }

    /// <summary>
    /// The canonical form: every key but those that are null, in one order, without white space. This is what is stored, sent and hashed. A new key is null by
    /// default, so that solves of older versions keep their hash.
    /// </summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>SHA-256 of the canonical form, 64 lower-case hex digits.</summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson())));
}
