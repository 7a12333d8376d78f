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

    /// <summary>Checks ranges; what depends on the number of nodes is checked when the graph is built.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    public void Validate()
    {
        Require(Kinds.Contains(Kind), "kind", $"must be one of {string.Join(", ", Kinds)}, not '{Kind}'");
        Require(Degree is >= 1 and <= 1_000_000, "degree", $"must be 1 .. 1000000, not {Degree}");
        Require(Probability is >= 0 and <= 1, "probability", FormattableString.Invariant($"must be 0 .. 1, not {Probability}"));
        Require(Radius is > 0 and <= 2, "radius", FormattableString.Invariant($"must be above 0 and at most 2, not {Radius}"));
        Require((Kind == "file") == (File is not null), "file", "must be given for the kind 'file' and for no other");
    }

    /// <summary>The fixed graph of this plan for so many nodes; the union over all rounds for one-peer-exponential.</summary>
    /// <exception cref="SpecException">The plan names no graph of that many nodes.</exception>
    public Topology Graph(int count)
    {
        Validate();
        try
        {
            Topology graph = Kind switch
            {
                "complete" => Graphs.Complete(count),
                "ring" => Graphs.Ring(count),
                "path" => Graphs.Path(count),
                "torus" or "grid" => Grid(count, Kind == "torus"),
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
        catch (Exception fault) when (fault is ArgumentException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new SpecException("topology", "cannot be built: " + fault.Message.TrimEnd('.'));
        }
    }

    /// <summary>The mixing of this plan: Metropolis-Hastings on the graph, or one peer a round.</summary>
    /// <exception cref="SpecException">The plan names no graph of that many nodes.</exception>
    public IMixingSchedule Mixing(int count) =>
        Kind == "one-peer-exponential" ? new OnePeerExponential(count) : new MetropolisMixing(Graph(count));

    private static void Require(bool holds, string key, string rule)
    {
        if (!holds)
        {
            throw new SpecException("topology." + key, rule);
        }
    }

    // The most square grid that has so many nodes.
    private static Topology Grid(int count, bool torus)
    {
        int rows = (int)Math.Sqrt(count);
        while (rows > 1 && count % rows != 0)
        {
            rows--;
        }

        return rows > 1 || count <= 3
            ? Graphs.Grid(Math.Max(1, rows), count / Math.Max(1, rows), torus)
            : throw new SpecException("topology.kind", $"'{(torus ? "torus" : "grid")}' needs a number of peers that is a product of two, not {count}");
    }

    private Topology ReadFile()
    {
        using StreamReader reader = new(File ?? throw new SpecException("topology.file", "must be given for the kind 'file'"));
        return Topology.Read(reader);
    }
}
