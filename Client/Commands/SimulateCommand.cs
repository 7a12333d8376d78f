using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;

using OrleansDDM.Client.Simulate;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm simulate</c>.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var command = new Command("simulate", "Run a protocol's peers on a simulated network, under one seed or many, and check what must hold.")
        {
            SimulateOptions.Protocol,
            SimulateOptions.Peers,
            SimulateOptions.Rounds,
            SimulateOptions.Seconds,
            SimulateOptions.Topology,
            SimulateOptions.Task,
            CommonOptions.Seed,
            SimulateOptions.Seeds,
            SimulateOptions.Faults,
            SimulateOptions.Scenario,
            CommonOptions.Set,
            SimulateOptions.Out,
            SimulateOptions.Replay,
            SimulateOptions.Threads,
            CommonOptions.Format,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
        return command;
    }

    private static int Run(ParseResult parsed, CancellationToken cancellation)
    {
        int threads = Within("--threads", parsed.GetValue(SimulateOptions.Threads) ?? Environment.ProcessorCount, 1, 1024);
        int seeds = Within("--seeds", parsed.GetValue(SimulateOptions.Seeds), 1, 10_000_000);
        ulong first = parsed.GetValue(CommonOptions.Seed) ?? 1;
        OutputFormat format = parsed.GetValue(CommonOptions.Format);
        if (parsed.GetValue(SimulateOptions.Replay) is { } file)
        {
            Refuse(
                parsed, "--replay, whose plan fixes everything", SimulateOptions.Protocol, SimulateOptions.Peers, SimulateOptions.Rounds, SimulateOptions.Seconds,
                SimulateOptions.Topology, SimulateOptions.Task, CommonOptions.Seed, SimulateOptions.Seeds, SimulateOptions.Faults, SimulateOptions.Scenario, CommonOptions.Set);
            SimulationPlan plan = ReadPlan(file);
            return Report(parsed, Survey.Run(1, _ => plan, 1, cancellation), plan, oneGraph: true);
        }

        if (parsed.GetValue(SimulateOptions.Scenario) is { } scenario)
        {
            RequireOneOf("--scenario", scenario, "storm");
            Refuse(
                parsed, "--scenario storm", SimulateOptions.Protocol, SimulateOptions.Rounds, SimulateOptions.Seconds, SimulateOptions.Topology, SimulateOptions.Task,
                SimulateOptions.Faults);
            return Storm(parsed, first, seeds, threads, cancellation);
        }

        SimulationPlan basis = Basis(parsed, first);
        string faults = parsed.GetValue(SimulateOptions.Faults)!;
        RequireOneOf("--faults", faults, "none", "random");
        if (faults == "random")
        {
            RefuseWhatIsDrawn(parsed);
        }

        int? given = parsed.GetValue(SimulateOptions.Peers);
        SimulationPlan Plan(int i) => faults == "random"
            ? StormPlan.Draw(basis, first + (ulong)i, given)
            : basis with { Seed = first + (ulong)i };
        bool oneGraph = seeds == 1 || faults == "none" || (basis.Topology is not null && given is not null);
        return Report(parsed, Survey.Run(seeds, Plan, threads, cancellation), Plan(0), oneGraph);
    }

    private static SimulationPlan Basis(ParseResult parsed, ulong seed)
    {
        SimulationPlan plan = new()
        {
            Seed = seed,
            Protocol = parsed.GetValue(SimulateOptions.Protocol)!,
            Peers = parsed.GetValue(SimulateOptions.Peers) ?? 10,
            Rounds = parsed.GetValue(SimulateOptions.Rounds) ?? 0,
            Seconds = parsed.GetValue(SimulateOptions.Seconds) ?? 60,
            Topology = parsed.GetValue(SimulateOptions.Topology) is { } kind ? new TopologyPlan { Kind = kind } : null,
            Task = parsed.GetValue(SimulateOptions.Task) is { } task ? new TaskPlan { Kind = task } : new TaskPlan(),
        };
        if (plan.Topology is null && parsed.GetValue(SimulateOptions.Faults) == "none" && ProtocolCatalog.Create(plan.Protocol).NeedsTopology)
        {
            plan = plan with { Topology = new TopologyPlan { Kind = "ring" } };
        }

        plan = PlanOverrides.Apply(plan, parsed.GetValue(CommonOptions.Set)!);
        return plan.Topology is null || HasGraph(plan.Protocol)
            ? plan
            : throw new SpecException(
                "--topology", $"is not used by {plan.Protocol}, whose peers know no graph; leave it out, or choose --protocol {string.Join(", ", ProtocolCatalog.Names.Where(HasGraph))}");
    }

    // Gossip can do without one.
    private static bool HasGraph(string protocol) => ProtocolCatalog.Create(protocol) is { NeedsTopology: true } or GossipLearning;

    // With random faults the plan is drawn but for protocol, topology and task: what would be overwritten must not be given.
    private static void RefuseWhatIsDrawn(ParseResult parsed)
    {
        string? drawn = parsed.GetValue(SimulateOptions.Seconds) is not null ? "--seconds"
            : parsed.GetValue(SimulateOptions.Rounds) is not null ? "--rounds"
            : parsed.GetValue(CommonOptions.Set)!.Select(line => line.Split('=')[0])
                .FirstOrDefault(key => key.Split('.')[0] is not ("protocol" or "topology" or "task"));
        if (drawn is not null)
        {
            throw new SpecException(drawn, "is drawn by --faults random; leave it out, or write a plan and use --replay");
        }
    }

    private static int Report(ParseResult parsed, SurveyResult survey, SimulationPlan first, bool oneGraph)
    {
        SimulationPlan? failed = survey.Failures.FirstOrDefault()?.Plan;
        string? replay = Keep(parsed, first.Protocol, failed, survey.Runs.Length == 1 ? first : null);
        TopologyFacts? topology = oneGraph && first.Topology is not null && HasGraph(first.Protocol) ? TopologyFacts.Of(first.Topology!, first.Peers) : null;
        SimulateText.Write(Console.Out, first.Protocol, survey, replay, topology, parsed.GetValue(CommonOptions.Format));
        return failed is null ? ExitCode.Ok : ExitCode.Failure;
    }

    private static int Storm(ParseResult parsed, ulong first, int seeds, int threads, CancellationToken cancellation)
    {
        int peers = Within("--peers", parsed.GetValue(SimulateOptions.Peers) ?? 100, 5, 10_000);
        string[] changes = parsed.GetValue(CommonOptions.Set)!;
        CrashOutcome[] outcomes = Survey.Each(
            seeds, i => CrashScenario.Run(PlanOverrides.Apply(CrashScenario.Plan(first + (ulong)i, peers), changes)), threads, cancellation);
        SimulationPlan? failed = outcomes.FirstOrDefault(o => !o.Holds)?.Plan;
        string? replay = Keep(parsed, "storm", failed, seeds == 1 ? outcomes[0].Plan : null);
        SimulateText.Write(Console.Out, outcomes, replay, parsed.GetValue(CommonOptions.Format));
        return failed is null ? ExitCode.Ok : ExitCode.Failure;
    }

    // Writes the plan of the first failure, or of the only run where a file is named; returns the file that replays the failure.
    private static string? Keep(ParseResult parsed, string name, SimulationPlan? failed, SimulationPlan? only)
    {
        string? replayed = parsed.GetValue(SimulateOptions.Replay);
        string? file = parsed.GetValue(SimulateOptions.Out) ?? (failed is null || replayed is not null ? null : $"simulate-{name}-{failed.Seed}.json");
        if (file is not null && (failed ?? only) is { } plan)
        {
            AtomicFile.Write(file, Encoding.UTF8.GetBytes(plan.Write() + "\n"));
        }

        return failed is null ? null : file ?? replayed;
    }

    // An option that would be passed over is a mistake of who gave it.
    private static void Refuse(ParseResult parsed, string because, params Option[] unused)
    {
        if (unused.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } given)
        {
            throw new SpecException(given.Name, $"is not used with {because}; leave it out");
        }
    }

    private static SimulationPlan ReadPlan(string file)
    {
        try
        {
            return SimulationPlan.Read(File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.BadConfiguration, $"The plan '{file}' cannot be read: {e.Message}");
        }
    }

    private static int Within(string option, int value, int minimum, int maximum) => value >= minimum && value <= maximum
        ? value
        : throw new SpecException(option, $"must be {minimum} .. {maximum}, not {value}");

    private static void RequireOneOf(string option, string value, params string[] names)
    {
        if (!names.Contains(value))
        {
            throw new SpecException(option, $"must be one of {string.Join(", ", names)}, not '{value}'");
        }
    }
}
