using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Topologies;

/// <summary>A topology as a user writes it down.</summary>
public sealed record TopologyPlan
{
    /// <summary>Names that <see cref="Kind"/> may have.</summary>
    public static readonly IReadOnlyList<string> Kinds =
    [
        "complete", "ring", "path", "torus", "grid", "star", "barbell", "exponential", "one-peer-exponential",
        "random-regular", "barabasi-albert", "small-world", "random-geometric", "file",
    ];

    /// <summary>One of <see cref="Kinds"/>.</summary>
    public string Kind { get; init; } = "complete";

    /// <summary>Degree of random-regular, links of barabasi-albert, reach of small-world.</summary>
    public int Degree { get; init; } = 4;

    /// <summary>Shortcut probability of small-world, 0 .. 1.</summary>
    public double Probability { get; init; } = 0.1;

    /// <summary>Radius of random-geometric.</summary>
    public double Radius { get; init; } = 0.4;

    /// <summary>Seed of the random kinds.</summary>
    public ulong Seed { get; init; }

    /// <summary>Edge list of kind "file", see <see cref="Topology.Read"/>.</summary>
    public string? File { get; init; }

    /// <summary>The fixed graph of this plan for so many nodes; the union over all rounds for one-peer-exponential.</summary>
    /// <exception cref="SpecException">The plan names no graph of that many nodes.</exception>
    public Topology Graph(int count)
    {
        try
        {
            int side = (int)Math.Sqrt(count);
            Topology graph = Kind switch
            {
                "complete" => Graphs.Complete(count),
                "ring" => Graphs.Ring(count),
                "path" => Graphs.Path(count),
                "torus" or "grid" when side * side == count => Graphs.Grid(side, side, Kind == "torus"),
                "torus" or "grid" => throw new SpecException("topology.kind", $"'{Kind}' needs a square number of peers, not {count}"),
                "star" => Graphs.Star(count),
                "barbell" => Graphs.Barbell(count),
                "exponential" or "one-peer-exponential" => Graphs.Exponential(count),
                "random-regular" => Graphs.RandomRegular(count, Degree, Seed),
                "barabasi-albert" => Graphs.BarabasiAlbert(count, Degree, Seed),
                "small-world" => Graphs.SmallWorld(count, Degree, Probability, Seed),
                "random-geometric" => Graphs.RandomGeometric(count, Radius, Seed),
                "file" => ReadFile(),
                _ => throw new SpecException("topology.kind", $"must be one of {string.Join(", ", Kinds)}, not '{Kind}'"),
            };
            return graph.Count == count
                ? graph
                : throw new SpecException("topology.file", $"has {graph.Count} nodes, but there are {count} peers");
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or IOException)
        {
            throw new SpecException("topology", "cannot be built: " + fault.Message.TrimEnd('.'));
        }
    }

    /// <summary>The mixing of this plan: Metropolis-Hastings on the graph, or one peer a round.</summary>
    /// <exception cref="SpecException">The plan names no graph of that many nodes.</exception>
    public IMixingSchedule Mixing(int count) =>
        Kind == "one-peer-exponential" ? new OnePeerExponential(count) : new MetropolisMixing(Graph(count));

    private Topology ReadFile()
    {
        using StreamReader reader = new(File ?? throw new SpecException("topology.file", "must be given for the kind 'file'"));
        return Topology.Read(reader);
    }
}
