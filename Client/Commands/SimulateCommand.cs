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
        if (parsed.GetValue(SimulateOptions.Scenario) is { } scenario)
        {
            RequireOneOf("--scenario", scenario, "storm");
            var outcomes = new CrashOutcome[seeds];
            int peers = Within("--peers", parsed.GetValue(SimulateOptions.Peers) ?? 100, 5, 10_000);
            Parallel.For(
                0, seeds, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation },
                i => outcomes[i] = CrashScenario.Run(first + (ulong)i, peers));
            SimulateText.Write(Console.Out, outcomes, format);
            return outcomes.All(o => o.Holds) ? ExitCode.Ok : ExitCode.Failure;
        }

        if (parsed.GetValue(SimulateOptions.Replay) is { } file)
        {
            SimulationPlan plan = ReadPlan(file);
            return Report(parsed, plan.Protocol, Survey.Run(1, _ => plan, 1, cancellation), plan);
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
        return Report(parsed, basis.Protocol, Survey.Run(seeds, Plan, threads, cancellation), Plan(0));
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

        return PlanOverrides.Apply(plan, parsed.GetValue(CommonOptions.Set)!);
    }

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

    private static int Report(ParseResult parsed, string protocol, SurveyResult survey, SimulationPlan first)
    {
        SurveyRun? failed = survey.Failures.FirstOrDefault();
        string? file = parsed.GetValue(SimulateOptions.Out)
            ?? (failed is null || parsed.GetValue(SimulateOptions.Replay) is not null ? null : $"simulate-{protocol}-{failed.Seed}.json");
        if (file is not null && (failed is not null || survey.Runs.Length == 1))
        {
            AtomicFile.Write(file, Encoding.UTF8.GetBytes((failed?.Plan ?? first).Write() + "\n"));
        }

        SimulateText.Write(
            Console.Out, protocol, survey, failed is null ? null : file ?? parsed.GetValue(SimulateOptions.Replay), parsed.GetValue(CommonOptions.Format));
        return failed is null ? ExitCode.Ok : ExitCode.Failure;
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
