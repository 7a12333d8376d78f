using System.CommandLine;

using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Commands;

/// <summary><c>ddm evaluate</c>.</summary>
internal static class EvaluateCommand
{
    private static readonly Option<int?> Samples = new("--samples") { Description = "Samples per mixing rule; 0 = held-out loss only.", HelpName = "N" };

    private static readonly Option<string?> Rules = new("--rules")
    {
        Description = "Mixing rules to compare, separated by commas, e.g. full,top-1,top-2.",
        HelpName = "RULES",
    };

    private static readonly Option<string?> Out = new("--out") { Description = "With --cluster, the folder to fetch the model to and to write to; evaluations/NAME by default.", HelpName = "DIR" };

    public static Command Create()
    {
        var command = new Command(
            "evaluate", "Judge a trained run again, and write its figures, pictures and report anew. With --cluster the model is fetched and judged here, on the images of this machine.")
        {
            CommonOptions.Run,
            CommonOptions.Cluster,
            Samples,
            Rules,
            SolverOptions.Steps,
            SolverOptions.Scheduler,
            Out,
            CommonOptions.DataRoot,
            CommonOptions.Slots,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.SetAction((parsed, cancellation) => parsed.GetValue(CommonOptions.Cluster) is { } cluster
            ? OnClusterAsync(parsed, cluster, cancellation)
            : HereAsync(parsed, cancellation));
        return command;
    }

    private static async Task<int> HereAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetResult(Out) is { Implicit: false })
        {
            throw new CliException(ExitCode.Usage, "--out goes with --cluster: a run of this machine is judged in its own folder. Leave it out.");
        }

        RunFolder folder = RunFolder.Open(parsed.GetValue(CommonOptions.Run)!);
        RunSpec spec = folder.ReadSpec();
        (EvaluationSpec evaluation, SamplingSpec sampling) = Read(parsed, spec);
        EvaluationResult result = await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), async progress =>
        {
            await using RunSession session = await RunSession.StartAsync(
                folder, spec, parsed.GetValue(CommonOptions.DataRoot)!, parsed.GetValue(CommonOptions.Slots), web: false, cancellation);
            RunStatus status = await session.ReadyAsync();
            return await RunReport.Of(session, status).WriteAsync(folder, status, evaluation, sampling, progress, cancellation);
        });
        return Tell(parsed, spec, result, folder);
    }

    private static async Task<int> OnClusterAsync(ParseResult parsed, string cluster, CancellationToken cancellation)
    {
        if (parsed.GetResult(CommonOptions.Slots) is { Implicit: false })
        {
            throw new CliException(ExitCode.BadConfiguration, "--slots has no meaning with --cluster: the model is judged in this process, without a silo. Leave it out.");
        }

        await using RunConnection connection = await RunConnection.OpenAsync(parsed.GetValue(CommonOptions.Run)!, cluster, cancellation);
        RunStatus status = await connection.Run.GetStatusAsync(cancellation);
        RunSpec spec = SpecJson.Read(status.Spec);
        (EvaluationSpec evaluation, SamplingSpec sampling) = Read(parsed, spec);
        _ = RunModel.Weights(status);
        var folder = new RunFolder(parsed.GetValue(Out) ?? Path.Combine("evaluations", connection.Name));
        if (folder.Exists)
        {
            throw new CliException(ExitCode.BadConfiguration, $"'{folder.Path}' holds a run of this machine, whose files would be written over. Choose another --out.");
        }

        EvaluationResult result = await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), progress => ClusterEvaluation.WriteAsync(
            connection, status, folder, parsed.GetValue(CommonOptions.DataRoot)!, evaluation, sampling, progress, cancellation));
        return Tell(parsed, spec, result, folder);
    }

    private static (EvaluationSpec Evaluation, SamplingSpec Sampling) Read(ParseResult parsed, RunSpec spec)
    {
        EvaluationSpec evaluation = spec.Evaluation with
        {
            Samples = parsed.GetValue(Samples) ?? spec.Evaluation.Samples,
            Rules = parsed.GetValue(Rules)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? spec.Evaluation.Rules,
        };
        SamplingSpec sampling = SolverOptions.Read(parsed, spec.Sampling);
        SpecValidator.Validate(spec with { Evaluation = evaluation, Sampling = sampling });
        return (evaluation, sampling);
    }

    private static int Tell(ParseResult parsed, RunSpec spec, EvaluationResult result, RunFolder folder)
    {
        if (parsed.GetValue(CommonOptions.Format) == OutputFormat.Json)
        {
            Console.WriteLine(result.ToJson());
        }
        else
        {
            EvaluationTable.Write(Console.Out, spec, result, folder);
        }

        return ExitCode.Ok;
    }
}
