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

    public static Command Create()
    {
        var command = new Command("evaluate", "Judge a trained run again, and write its figures, pictures and report anew.")
        {
            CommonOptions.Run,
            Samples,
            Rules,
            SolverOptions.Steps,
            SolverOptions.Scheduler,
            CommonOptions.DataRoot,
            CommonOptions.Slots,
            CommonOptions.Format,
            CommonOptions.Progress,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            RunFolder folder = RunFolder.Open(parsed.GetValue(CommonOptions.Run)!);
            RunSpec spec = folder.ReadSpec();
            EvaluationSpec evaluation = spec.Evaluation with
            {
                Samples = parsed.GetValue(Samples) ?? spec.Evaluation.Samples,
                Rules = parsed.GetValue(Rules)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? spec.Evaluation.Rules,
            };
            SamplingSpec sampling = SolverOptions.Read(parsed, spec.Sampling);
            SpecValidator.Validate(spec with { Evaluation = evaluation, Sampling = sampling });
            EvaluationResult result = await ProgressView.RunAsync(parsed.GetValue(CommonOptions.Progress), async progress =>
            {
                await using RunSession session = await RunSession.StartAsync(
                    folder, spec, parsed.GetValue(CommonOptions.DataRoot)!, parsed.GetValue(CommonOptions.Slots), web: false, cancellation);
                RunStatus status = await session.ReadyAsync();
                return await RunReport.WriteAsync(session, folder, status, evaluation, sampling, progress, cancellation);
            });
            if (parsed.GetValue(CommonOptions.Format) == OutputFormat.Json)
            {
                Console.WriteLine(result.ToJson());
            }
            else
            {
                EvaluationTable.Write(Console.Out, spec, result, folder);
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
