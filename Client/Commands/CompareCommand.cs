using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;

using OrleansDDM.Client.Compare;
using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm compare</c>.</summary>
internal static class CompareCommand
{
    private const int MostAtOnce = 64;

    private static readonly Option<string> Preset = new("--preset")
    {
        Description = "quick (minutes: K=4, one seed), standard (an evening: K in 1,2,4,8, three seeds) or full.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "quick",
    };

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data set: shapes, mnist, fashion-mnist, cifar-10, digits, or a path.",
        HelpName = "NAME|PATH",
        DefaultValueFactory = _ => "shapes",
    };

    private static readonly Option<string?> Seeds = new("--seeds") { Description = "Seeds, separated by commas; the preset's by default.", HelpName = "N,N" };

    private static readonly Option<string?> Experts = new("--experts")
    {
        Description = "Numbers of experts, separated by commas; 1 stands for the monolith, which is always there.",
        HelpName = "N,N",
    };

    private static readonly Option<int?> Steps = new("--steps") { Description = "Training steps of each expert; sets training.steps.", HelpName = "N" };

    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Print the plan and how long it would take, and run nothing." };

    private static readonly Option<bool> Force = new("--force") { Description = "Delete the comparison in the folder if it has a different plan." };

    private static readonly Option<int?> AtOnce = new("--at-once")
    {
        Description = "With --cluster, runs in training at a time; 2 by default, so that the cluster trains while a trained one is judged here.",
        HelpName = "N",
    };

    public static Command Create()
    {
        var command = new Command(
            "compare", "Train ensembles and monoliths at equal training FLOPs, and judge which claims about decentralized diffusion hold. With --cluster its silos train, and the models are fetched and judged here.")
        {
            Preset,
            Data,
            CommonOptions.Out,
            CommonOptions.Set,
            Seeds,
            Experts,
            Steps,
            CommonOptions.Slots,
            CommonOptions.DataRoot,
            CommonOptions.Cluster,
            AtOnce,
            DryRun,
            Force,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                return await RunAsync(parsed, cancellation);
            }
            catch (InvalidDataException e)
            {
                throw new CliException(ExitCode.Integrity, e.Message);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string? cluster = ClusterOf(parsed);
        string data = parsed.GetValue(Data)!;
        string[] roots = parsed.GetValue(CommonOptions.DataRoot)!;
        var catalog = DatasetCatalog.Default(roots);
        ComparePlan plan = PlanOf(parsed, data, catalog);
        int slots = parsed.GetValue(CommonOptions.Slots) ?? Math.Max(1, Environment.ProcessorCount);
        var folder = new CompareFolder(
            parsed.GetValue(CommonOptions.Out) ?? Path.Combine("runs", $"compare-{SpecSource.NameOf(data)}-{parsed.GetValue(Preset)}"));
        bool json = parsed.GetValue(CommonOptions.Format) == OutputFormat.Json;
        if (parsed.GetValue(DryRun))
        {
            // This machine's speed says nothing about the silos'.
            WritePlan(plan, cluster is null ? CompareEstimate.Seconds(plan.Runs, plan, await SpeedProbe.FlopsPerSecondAsync(plan, catalog, cancellation), slots) : null, json);
            return ExitCode.Ok;
        }

        await using ClusterConnection? connection = cluster is null ? null : await ClusterConnection.ToClusterAsync(cluster, cancellation);
        if (!folder.Freeze(plan, parsed.GetValue(Force)))
        {
            throw new CliException(
                ExitCode.BadConfiguration,
                $"'{folder.Path}' holds a comparison with a different plan. Choose another --out, or delete that one with --force.");
        }

        CompareFindings findings = await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), async sink =>
        {
            using var here = new SiloArmRunner(folder, roots, slots, sink);
            using ClusterArmRunner? there = connection is null ? null : new ClusterArmRunner(folder, roots, connection, parsed.GetValue(AtOnce) ?? 2, sink);
            IArmRunner arms = there is null ? here : there;
            var runner = new CompareRunner(plan, folder, arms);
            IReadOnlyList<CompareRun> missing = runner.Missing;
            string time = "";
            if (missing.Count > 0 && there is null)
            {
                double flops = await SpeedProbe.FlopsPerSecondAsync(plan, catalog, cancellation);
                time = string.Create(
                    CultureInfo.InvariantCulture,
                    $": about {Figures.Duration(CompareEstimate.Seconds(missing, plan, flops, slots))} at {flops / 1e9:0.0} GFLOP/s on each of {slots} slots");
            }

            sink.Say($"{missing.Count} of {plan.Runs.Count} runs to go{time}.");
            return await runner.RunAsync(new SinkProgress(sink), cancellation);
        });
        AtomicFile.Write(folder.Result, Encoding.UTF8.GetBytes(findings.ToJsonText()));
        AtomicFile.Write(folder.Report, Encoding.UTF8.GetBytes(CompareReportPage.Write(findings)));
        Console.WriteLine(json ? findings.ToJsonText() : CompareMarkdown.Write(findings));
        await Console.Error.WriteLineAsync("Report: " + Path.GetRelativePath(Directory.GetCurrentDirectory(), folder.Report));
        return ExitCode.Ok;
    }

    private static string? ClusterOf(ParseResult parsed)
    {
        string? cluster = parsed.GetValue(CommonOptions.Cluster);
        if (cluster is not null && parsed.GetResult(CommonOptions.Slots) is { Implicit: false })
        {
            throw new CliException(ExitCode.BadConfiguration, "--slots has no meaning with --cluster: slots are settings of the cluster's silos. Leave it out, or say --at-once.");
        }

        return parsed.GetValue(AtOnce) switch
        {
            null => cluster,
            < 1 or > MostAtOnce => throw new CliException(ExitCode.Usage, $"--at-once is {parsed.GetValue(AtOnce)}; it must be 1 to {MostAtOnce}."),
            _ => cluster ?? throw new CliException(ExitCode.Usage, "--at-once goes with --cluster: this machine trains one run after the other. Leave it out."),
        };
    }

    private static ComparePlan PlanOf(ParseResult parsed, string data, DatasetCatalog catalog)
    {
        ComparePreset preset = ComparePreset.Of(parsed.GetValue(Preset)!, data);
        IEnumerable<string> overrides = parsed.GetValue(CommonOptions.Set)!;
        if (parsed.GetValue(Steps) is { } steps)
        {
            overrides = [.. overrides, string.Create(CultureInfo.InvariantCulture, $"training.steps={steps}")];
        }

        RunSpec spec = SpecSource.Read(preset.Spec, null, overrides, null, null);
        ulong[] seeds = Numbers<ulong>(parsed.GetValue(Seeds), "--seeds") ?? [.. preset.Seeds];
        int[] experts = Numbers<int>(parsed.GetValue(Experts), "--experts") ?? [.. preset.Experts];
        if (seeds.Length == 0)
        {
            throw new SpecException("seeds", "must be one or more numbers");
        }

        ImageDataset train = catalog.Load(spec.Data, seeds[0]).Train;
        return ComparePlan.Create(spec, experts, seeds, new ModelShape(train.Channels, train.Height, train.Width, train.ClassNames.Count));
    }

    private static T[]? Numbers<T>(string? text, string option)
        where T : struct, IParsable<T>
    {
        T[]? numbers = text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => T.TryParse(part, CultureInfo.InvariantCulture, out T number)
                ? number
                : throw new CliException(ExitCode.Usage, $"{option} is '{text}'; it must be whole numbers separated by commas, e.g. 0,1,2."))
            .ToArray();
        return numbers;
    }

    private static void WritePlan(ComparePlan plan, double? seconds, bool json)
    {
        if (json)
        {
            System.Text.Json.Nodes.JsonObject document = plan.ToJson();
            document["planHash"] = plan.Hash;
            document["estimatedSeconds"] = seconds;
            Console.WriteLine(document.ToJsonString());
            return;
        }

        Console.WriteLine($"{"arm",-20}{"kind",-22}{"K",4}{"steps",9}{"training FLOPs",18}  rules");
        foreach (CompareArm arm in plan.Arms)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{arm.Name,-20}{arm.Kind,-22}{arm.Clusters,4}{arm.Spec.Training.Steps,9}{TrainingFlops.Of(arm.Spec, plan.Shape).Total,18:0.000e0}  {string.Join(", ", arm.Rules)}"));
        }

        Console.WriteLine($"{plan.Runs.Count} runs under seeds {string.Join(", ", plan.Seeds)}, {(seconds is { } s ? $"about {Figures.Duration(s)}" : "on a cluster")}. Plan {plan.Hash}.");
    }

    /// <summary><see cref="Progress{T}"/> would post to the thread pool and let messages overtake each other.</summary>
    private sealed class SinkProgress(IProgressSink sink) : IProgress<string>
    {
        public void Report(string value) => sink.Say(value);
    }
}
