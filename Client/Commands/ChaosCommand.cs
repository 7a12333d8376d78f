using System.CommandLine;
using System.Globalization;
using System.Text.Json;

using OrleansDDM.Client.Chaos;
using OrleansDDM.Client.Runs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm chaos</c>.</summary>
internal static class ChaosCommand
{
    private const double TrialPace = 10;
    private const double SoakPace = 20;

    private static readonly Option<int> Silos = new("--silos") { Description = "Number of silos, 2 to 16.", HelpName = "N", DefaultValueFactory = _ => 3 };

    private static readonly Option<double?> Minutes = new("--minutes") { Description = "Soak: a long run with a fault every 20 to 30 s for so long; at least 0.6, but for the mix load.", HelpName = "M" };

    private static readonly Option<ChaosMix> Mix = new("--mix") { Description = "Faults of the soak.", HelpName = "kill|hang|all|load", DefaultValueFactory = _ => ChaosMix.Kill };

    private static readonly Option<string[]> Faults = new("--fault")
    {
        Description = "Inject this fault in a short run; may be given several times; 'each' = each of them. Known are " + string.Join(", ", FaultCatalog.All.Select(f => f.Name)) + ".",
        HelpName = "NAME",
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<int> Repeats = new("--repeats") { Description = "How often each fault is injected.", HelpName = "N", DefaultValueFactory = _ => 1 };

    private static readonly Option<int> Steps = new("--steps") { Description = "Optimizer steps of each model in the short runs, 10 ms each; a run whose fault lasts longer takes more.", HelpName = "N", DefaultValueFactory = _ => 1500 };

    private static readonly Option<double> Patience = new("--patience")
    {
        Description = "Factor on the promised seconds, for a machine that has other work; 1 = as promised.",
        HelpName = "X",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<ulong> Seed = new("--seed") { Description = "Seed of victims and moments.", HelpName = "S", DefaultValueFactory = _ => 1 };

    private static readonly Option<string> Folder = new("--folder")
    {
        Description = "Folder of the cluster; it must not exist. It is deleted in the end if every promise held.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "ddm-chaos",
    };

    public static Command Create()
    {
        var command = new Command("chaos", "Start a throw-away cluster on this machine, train, break things on purpose, and tell which promises hold.")
        {
            Silos,
            Minutes,
            Mix,
            Faults,
            Repeats,
            Steps,
            Patience,
            Seed,
            Folder,
            CommonOptions.Format,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        Fault[] faults = [.. parsed.GetValue(Faults)!.SelectMany(Parse)];
        double? minutes = parsed.GetValue(Minutes);
        (int silos, int repeats, int steps, double patience) = (parsed.GetValue(Silos), parsed.GetValue(Repeats), parsed.GetValue(Steps), parsed.GetValue(Patience));
        if (silos is < 2 or > 16 || repeats is < 1 or > 1000 || steps is < 300 or > 1_000_000 || !(patience is >= 1 and <= 100) || minutes is <= 0 or > 1440 or double.NaN)
        {
            throw new CliException(
                ExitCode.Usage,
                "--silos must be in [2, 16], --repeats in [1, 1000], --steps in [300, 1000000], --patience in [1, 100] and --minutes above 0 and at most 1440.");
        }

        ChaosMix mix = parsed.GetValue(Mix);
        if (mix != ChaosMix.Load && minutes < Soak.LeastMinutes)
        {
            throw new CliException(
                ExitCode.Usage, FormattableString.Invariant($"--minutes must be at least {Soak.LeastMinutes}, but for --mix load: the first fault comes after 20 to 30 s."));
        }

        faults = [.. faults.Select(f => f with { NoticedWithin = f.NoticedWithin * patience, BackWithin = f.BackWithin * patience })];

        if (faults.Length == 0 && minutes is null)
        {
            throw new CliException(ExitCode.Usage, "Nothing to break. Name a fault by --fault, or ask for a soak by --minutes.");
        }

        string folder = Path.GetFullPath(parsed.GetValue(Folder)!);
        if (Directory.Exists(folder))
        {
            throw new CliException(ExitCode.BadConfiguration, $"'{folder}' exists. Delete it (ddm cluster down --folder first, if a cluster runs in it), or choose another --folder.");
        }

        ulong seed = parsed.GetValue(Seed);
        ChaosReport report;
        await using (ChaosCluster cluster = await ChaosCluster.StartAsync(folder, silos, new Dictionary<string, string> { ["DDM__Silo__Slots"] = "4" }, cancellation))
        {
            report = await BreakAsync(cluster, faults, repeats, steps, minutes, mix, seed, cancellation);
        }

        Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json ? JsonSerializer.Serialize(report, StatusText.Json) : report.Table());
        if (report.Holds)
        {
            Directory.Delete(folder, recursive: true);
            return ExitCode.Ok;
        }

        await Console.Error.WriteLineAsync($"ddm: Not every promise held. The logs are in '{Path.Combine(folder, "logs")}'.");
        return ExitCode.Failure;
    }

    private static async Task<ChaosReport> BreakAsync(
        ChaosCluster cluster, Fault[] faults, int repeats, int trialSteps, double? minutes, ChaosMix mix, ulong seed, CancellationToken cancellation)
    {
        var logs = new ChaosLogs(cluster.Folder, cluster.Silos);
        var outcomes = new List<TrialOutcome>();
        if (faults.Length > 0)
        {
            // Peers of islands have no bits to compare: the order of messages decides which models meet.
            var expected = new Dictionary<int, IReadOnlyDictionary<string, string>>();
            foreach (int steps in faults.Where(f => !f.Peers).Select(f => f.StepsFor(trialSteps, TrialPace)).Distinct())
            {
                Say($"the undisturbed run of {steps} steps");
                expected[steps] = await FaultTrial.UndisturbedAsync(cluster, ChaosSpec.Run(UndisturbedOf(steps), steps, seed), cancellation);
            }

            cluster.FaultAll(f => f with { StepMilliseconds = TrialPace });
            var trial = new FaultTrial(cluster);
            for (int i = 0; i < repeats; i++)
            {
                foreach (Fault fault in faults)
                {
                    // Of its own for each trial, so that one can be replayed without the others.
                    var random = new Random(HashCode(seed, fault.Name, i));
                    int steps = fault.StepsFor(trialSteps, TrialPace);
                    string run = string.Create(CultureInfo.InvariantCulture, $"{fault.Name}-{i}");
                    TrialOutcome outcome = await TrialGuard.RunAsync(
                        fault,
                        () => fault.Peers
                            ? new IslandTrial(cluster, Say).RunAsync(fault, ChaosSpec.Island(run, cluster.Silos.Count, seed), random, cancellation)
                            : fault.Samples
                            ? new SamplerTrial(cluster, UndisturbedOf(steps)).RunAsync(fault, random, cancellation)
                            : trial.RunAsync(fault, ChaosSpec.Run(run, steps, seed), expected[steps], random, cancellation),
                        () => [.. logs.Unhandled(), .. cluster.TakeComplaints()],
                        cluster.Recover,
                        cancellation);
                    outcomes.Add(outcome);
                    Say(FormattableString.Invariant($"{run}: noticed {outcome.Noticed:0.0} s, back {outcome.Back:0.0} s, {outcome.LostSteps} steps again  {outcome.Complaint}"));
                }
            }
        }

        SoakOutcome? soaked = null;
        if (minutes is { } m)
        {
            var soak = new Soak(cluster, logs, SoakPace);
            int steps = soak.StepsFor(m);
            cluster.FaultAll(f => f with { StepMilliseconds = 0 });
            Say($"the undisturbed run of {steps} steps");
            try
            {
                IReadOnlyDictionary<string, string> expected = await FaultTrial.UndisturbedAsync(cluster, ChaosSpec.Run("calm", steps, seed), cancellation);
                cluster.FaultAll(f => f with { StepMilliseconds = SoakPace });
                soaked = await soak.RunAsync(mix, m, ChaosSpec.Run("soak", steps, seed), expected, new Random(HashCode(seed, "soak", 0)), Say, cancellation);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested && e is not OutOfMemoryException)
            {
                // What the trials before it have shown is reported all the same.
                soaked = SoakOutcome.Failed(mix, e.Message);
            }
        }

        return new ChaosReport(seed, cluster.Silos.Count, ChaosReport.Rows(outcomes), soaked);
    }

    private static string UndisturbedOf(int steps) => string.Create(CultureInfo.InvariantCulture, $"undisturbed-{steps}");

    // FNV-1a: the same on every machine, unlike .NET's own hashes of texts.
    private static int HashCode(ulong seed, string name, int repeat) => unchecked((int)$"{seed}/{name}/{repeat}".Aggregate(2166136261u, (h, c) => (h ^ c) * 16777619u));

    private static IEnumerable<Fault> Parse(string name) => name == "each" ? FaultCatalog.All
        : FaultCatalog.All.FirstOrDefault(f => f.Name == name) is { } fault ? [fault]
        : throw new CliException(ExitCode.Usage, $"--fault {name} is not known. Known are each, {string.Join(", ", FaultCatalog.All.Select(f => f.Name))}.");

    private static void Say(string what) => Console.Error.WriteLine(what);
}
