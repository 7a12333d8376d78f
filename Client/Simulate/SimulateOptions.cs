using System.CommandLine;

using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Client.Simulate;

/// <summary>Options of <c>ddm simulate</c>.</summary>
internal static class SimulateOptions
{
    internal static readonly Option<string> Protocol = new("--protocol")
    {
        Description = $"Protocol of the peers: {string.Join(", ", ProtocolCatalog.Names)}.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "modest",
    };

    internal static readonly Option<int?> Peers = new("--peers") { Description = "Number of peers; 10, or 100 with --scenario storm, or drawn for each seed with --faults random.", HelpName = "N" };

    internal static readonly Option<long?> Rounds = new("--rounds") { Description = "Round whose completion ends a run; none by default.", HelpName = "R" };

    internal static readonly Option<double?> Seconds = new("--seconds") { Description = "Virtual seconds after which a run ends; 60 by default.", HelpName = "T" };

    internal static readonly Option<string?> Topology = new("--topology")
    {
        Description = $"Who talks to whom, for protocols with a graph: {string.Join(", ", TopologyPlan.Kinds)}; file needs --set topology.file=FILE.",
        HelpName = "KIND",
    };

    internal static readonly Option<string?> Task = new("--task") { Description = "What is learned: quadratic or regression.", HelpName = "NAME" };

    internal static readonly Option<int> Seeds = new("--seeds")
    {
        Description = "Number of runs, with seeds from --seed on.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    internal static readonly Option<string> Faults = new("--faults")
    {
        Description = "none, or random: crashes, departures, partitions, loss and damage in the first 20 s; then it is checked that all is well again.",
        HelpName = "none|random",
        DefaultValueFactory = _ => "none",
    };

    internal static readonly Option<string?> Scenario = new("--scenario")
    {
        Description = "storm: 80 % of 100 MoDeST peers die at once and come back 140 s later; takes --peers, --seed, --seeds, --threads, --set and --out.",
        HelpName = "NAME",
    };

    internal static readonly Option<string?> Out = new("--out")
    {
        Description = "File for the plan that replays the first failing run, or the only run; simulate-PROTOCOL-SEED.json (or simulate-storm-SEED.json) by default, on failure alone.",
        HelpName = "FILE",
    };

    internal static readonly Option<string?> Replay = new("--replay") { Description = "Run the plan in this file again, exactly; options that make a plan are refused.", HelpName = "FILE" };

    internal static readonly Option<int?> Threads = new("--threads") { Description = "Runs at a time; the number of cores by default.", HelpName = "N" };
}
