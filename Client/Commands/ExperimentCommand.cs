using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

using OrleansDDM.Client.Experiments;
using OrleansDDM.Client.Progress;
using OrleansDDM.Experiments.Claims;
using OrleansDDM.Learning.Data;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm experiment</c>.</summary>
internal static class ExperimentCommand
{
    private static readonly Argument<string> Name = new("NAME")
    {
        Description = $"Which claim: {string.Join(", ", ClaimCatalog.Names)}, or all.",
    };

    private static readonly Option<bool> Quick = new("--quick") { Description = "Two seeds and shorter runs under the same gates; minutes." };

    private static readonly Option<string?> Seeds = new("--seeds")
    {
        Description = "Seeds, separated by commas; 1,2,3,4,5 by default, 1,2 with --quick.",
        HelpName = "N,N",
    };

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data set with classes: fashion-mnist, mnist, digits, shapes, or a path.",
        HelpName = "NAME|PATH",
        DefaultValueFactory = _ => "fashion-mnist",
    };

    private static readonly Option<string?> Out = new("--out") { Description = "Folder of results; what it holds already is not run again. runs/experiments by default.", HelpName = "DIR" };

    private static readonly Option<int> Threads = new("--threads") { Description = "Threads to train on; one for each processor by default.", HelpName = "N" };

    public static Command Create()
    {
        var command = new Command("experiment", "Put a published claim about decentralized learning to the test: gates, verdicts and controls.")
        {
            Name,
            Quick,
            Seeds,
            Data,
            Out,
            Threads,
            CommonOptions.DataRoot,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetResult(Threads) is { Implicit: false } && parsed.GetValue(Threads) is < 1 or > 1024)
        {
            throw new CliException(ExitCode.Usage, $"--threads must be in [1, 1024], not {parsed.GetValue(Threads)}.");
        }

        bool quick = parsed.GetValue(Quick);
        ulong[] seeds = SeedsOf(parsed.GetValue(Seeds) ?? (quick ? "1,2" : "1,2,3,4,5"));
        string[] names = parsed.GetValue(Name) == "all" ? [.. ClaimCatalog.Names] : [parsed.GetValue(Name)!];
        ClaimExperiment[] experiments = [.. names.Select(name => ClaimCatalog.Create(name, parsed.GetValue(Data)!, quick))];
        string path = parsed.GetValue(Out) ?? Path.Combine("runs", "experiments");
        string[] roots = [.. parsed.GetValue(CommonOptions.DataRoot)!];
        using var context = new ClaimContext(DatasetCatalog.Default(roots), parsed.GetValue(Threads))
        {
            Ensembles = new SiloEnsembleTrainer(Path.Combine(path, "ensembles"), roots, parsed.GetValue(Threads)),
        };
        foreach (ClaimExperiment experiment in experiments)
        {
            var folder = new ClaimFolder(path, experiment.Name);
            ClaimFindings findings = await ProgressView.RunAsync(
                parsed.GetValue(CommonOptions.Progress),
                sink => Task.Run(() => new ClaimRunner(experiment, folder, context).Run(seeds, quick, new SinkProgress(sink), cancellation), cancellation));
            folder.Write(findings);
            Console.WriteLine(parsed.GetValue(CommonOptions.Format) == OutputFormat.Json ? findings.ToJsonText() : ClaimTable.Write(findings));
            await Console.Error.WriteLineAsync("Report: " + Path.GetRelativePath(Directory.GetCurrentDirectory(), folder.Report));
        }

        return ExitCode.Ok;
    }

    private static ulong[] SeedsOf(string text)
    {
        ulong[] seeds = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
                ? seed
                : throw new CliException(ExitCode.Usage, $"--seeds is '{text}'; it must be whole numbers separated by commas, e.g. 1,2,3."))];
        return seeds.Length > 0 && seeds.Distinct().Count() == seeds.Length
            ? seeds
            : throw new CliException(ExitCode.Usage, $"--seeds is '{text}'; it must be one or more different whole numbers, e.g. 1,2,3.");
    }

    /// <summary><see cref="Progress{T}"/> would post to the thread pool and let messages overtake each other.</summary>
    private sealed class SinkProgress(IProgressSink sink) : IProgress<string>
    {
        public void Report(string value) => sink.Say(value);
    }
}
