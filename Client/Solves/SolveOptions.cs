using System.CommandLine;
using System.CommandLine.Parsing;

using OrleansDDM.Client.Runs;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Solves;

/// <summary>Options of <c>ddm solve</c>.</summary>
internal static class SolveOptions
{
    private static readonly SolveSpec Defaults = new();

    internal static readonly Option<string> Data = new("--data")
    {
        Description = "Data set with classes: digits, mnist, fashion-mnist, or a path.",
        HelpName = "NAME|PATH",
        DefaultValueFactory = _ => Defaults.Data.Name,
    };

    internal static readonly Option<int> Limit = new("--limit") { Description = "Use at most this many training images; 0 = all.", HelpName = "N" };

    internal static readonly Option<int> Peers = new("--peers") { Description = "Number of peers.", HelpName = "N", DefaultValueFactory = _ => Defaults.Peers };

    internal static readonly Option<string> Topology = new("--topology")
    {
        Description = $"Who is connected to whom: {string.Join(", ", SolveSpec.Topologies)}.",
        HelpName = "KIND",
        DefaultValueFactory = _ => Defaults.Topology,
    };

    internal static readonly Option<string?> TopologyFile = new("--topology-file")
    {
        Description = "The edges of --topology file, the numbers of two peers a line; on a cluster, a file that every silo has.",
        HelpName = "FILE",
    };

    internal static readonly Option<int?> TopologyDegree = new("--topology-degree")
    {
        Description = "Degree of random-regular, links of barabasi-albert, reach of small-world; 4 by default.",
        HelpName = "N",
    };

    internal static readonly Option<double?> TopologyRadius = new("--topology-radius")
    {
        Description = "Radius of random-geometric, whose peers are points of the unit square; 0.4 by default.",
        HelpName = "R",
    };

    internal static readonly Option<string> Rates = new("--rates")
    {
        Description = $"How often each edge exchanges: {string.Join(", ", SolveSpec.RateRules)}, so that the fewest exchanges are needed.",
        HelpName = "RULE",
        DefaultValueFactory = _ => Defaults.Rates,
    };

    internal static readonly Option<string> Shards = new("--shards")
    {
        Description = $"How the images are spread over the peers: {string.Join(", ", SolveSpec.Partitions)}. The optimum does not depend on it.",
        HelpName = "KIND",
        DefaultValueFactory = _ => Defaults.Shards,
    };

    internal static readonly Option<double> Alpha = new("--alpha")
    {
        Description = "Dirichlet's alpha: the smaller, the more unlike the shards.",
        HelpName = "A",
        DefaultValueFactory = _ => Defaults.Alpha,
    };

    internal static readonly Option<double> Ridge = new("--ridge")
    {
        Description = "Strong convexity: the penalty is RIDGE/2 times the squared length of the weights.",
        HelpName = "RIDGE",
        DefaultValueFactory = _ => Defaults.Ridge,
    };

    internal static readonly Option<double> Accuracy = new("--accuracy")
    {
        Description = "Distance of the weights to the optimum at which every peer must be proven to be.",
        HelpName = "EPS",
        DefaultValueFactory = _ => Defaults.Accuracy,
    };

    internal static readonly Option<int> Gradients = new("--gradients")
    {
        Description = "Gradients of a peer, on average, after which it ends without that.",
        HelpName = "N",
        DefaultValueFactory = _ => Defaults.Gradients,
    };

    internal static readonly Option<double> Unit = new("--unit")
    {
        Description = "Seconds in which a peer takes one gradient on average; 0 = from a measurement. It may be too short, but not for long: peers wait for their exchanges.",
        HelpName = "T",
    };

    internal static readonly Option<bool> Check = new("--check") { Description = "Solve the same problem in one place afterwards, and tell how far the peers' solution is from that." };

    internal static readonly Option<string> Name = new("--name") { Description = "Name of the solve.", HelpName = "NAME", DefaultValueFactory = _ => Defaults.Name };

    /// <summary>The spec that the options make.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    internal static SolveSpec Spec(ParseResult parsed)
    {
        var spec = new SolveSpec
        {
            Name = parsed.GetValue(Name)!,
            Seed = parsed.GetValue(CommonOptions.Seed) ?? Defaults.Seed,
            Data = Defaults.Data with { Name = SpecSource.DataOf(parsed.GetValue(Data))!, Limit = parsed.GetValue(Limit) },
            Peers = parsed.GetValue(Peers),
            Topology = parsed.GetValue(Topology)!,
            TopologyFile = parsed.GetValue(TopologyFile),
            TopologyDegree = parsed.GetValue(TopologyDegree),
            TopologyRadius = parsed.GetValue(TopologyRadius),
            Rates = parsed.GetValue(Rates)!,
            Shards = parsed.GetValue(Shards)!,
            Alpha = parsed.GetValue(Alpha),
            Ridge = parsed.GetValue(Ridge),
            Accuracy = parsed.GetValue(Accuracy),
            Gradients = parsed.GetValue(Gradients),
            UnitSeconds = parsed.GetValue(Unit),
        };
        SpecValidator.Validate(spec);
        return spec;
    }
}
