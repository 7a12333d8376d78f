using System.Diagnostics;
using System.Text.Json;

using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>A whole run from the command line: train, evaluate, report. What <c>demo</c>, <c>train</c> and <c>resume</c> share.</summary>
internal static class RunFlow
{
    /// <summary>Creates or re-opens the run's folder, saves the effective spec, and runs it to the end.</summary>
    /// <exception cref="CliException">The folder holds a run with a different spec and <paramref name="force"/> is not given.</exception>
    /// <exception cref="DatasetException">There is no such data; the folder is as it was.</exception>
    public static async Task<int> RunAsync(
        RunSpec spec, RunFolder folder, bool force, IEnumerable<string> dataRoots, int? slots, ProgressMode mode, bool web, CancellationToken cancellation)
    {
        string? conflict = folder.Exists ? Conflict(folder, spec) : null;
        if (conflict is not null && !force)
        {
            throw new CliException(ExitCode.BadConfiguration, conflict);
        }

        if (conflict is not null || !folder.Exists)
        {
            // Before the folder is made or emptied: a slip of the keyboard leaves nothing behind and costs no trained model.
            _ = DatasetCatalog.Default(dataRoots).Find(spec.Data.Name);
        }

        if (conflict is not null)
        {
            RunFolderReset.Clear(folder);
        }

        Directory.CreateDirectory(folder.Path);
        AtomicFile.Write(folder.Spec, System.Text.Encoding.UTF8.GetBytes(SpecJson.Write(spec)));
        return await ResumeAsync(spec, folder, dataRoots, slots, mode, web, cancellation);
    }

    /// <summary>Goes on with the run in a folder, from whatever is there.</summary>
    public static async Task<int> ResumeAsync(
        RunSpec spec, RunFolder folder, IEnumerable<string> dataRoots, int? slots, ProgressMode mode, bool web, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        EvaluationResult result = await ProgressView.RunAsync(mode, async progress =>
        {
            await using RunSession session = await RunSession.StartAsync(folder, spec, dataRoots, slots, web, cancellation);
            if (session.HttpUrl is { } url)
            {
                // Asked for, so it is told even where progress is not.
                Action<string> say = mode == ProgressMode.None ? Console.Error.WriteLine : progress.Say;
                say($"The run can be seen at {url}");
            }

            RunStatus status = await session.TrainAsync(progress, cancellation);
            if (Judged(folder) is { } judged)
            {
                progress.Say("Trained and judged already.");
                return judged;
            }

            progress.Say($"Trained after {clock.Elapsed.TotalSeconds:0} s. Judging the ensemble.");
            return await RunReport.Of(session, status).WriteAsync(folder, status, spec.Evaluation, spec.Sampling, progress, cancellation);
        });
        EvaluationTable.Write(Console.Out, spec, result, folder);
        return ExitCode.Ok;
    }

    private static string? Conflict(RunFolder folder, RunSpec spec)
    {
        try
        {
            RunSpec existing = folder.ReadSpec();
            return SpecJson.Hash(existing) == SpecJson.Hash(spec)
                ? null
                : $"'{folder.Path}' holds run '{existing.Name}' with a different spec. Choose another --out or --name, or replace it with --force.";
        }
        catch (SpecException e)
        {
            return $"'{folder.Path}' holds a run whose run.json cannot be read: {e.Message} Choose another --out or --name, or replace it with --force.";
        }
    }

    // The figures are written last: with them, the pictures and the report are there.
    private static EvaluationResult? Judged(RunFolder folder)
    {
        try
        {
            return File.Exists(folder.Metrics) && File.Exists(folder.Report) ? EvaluationResult.FromJson(File.ReadAllText(folder.Metrics)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
