using System.Text;

using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>Judges a trained run of a cluster on this machine: its model is fetched, and the images must be here too.</summary>
internal static class ClusterEvaluation
{
    /// <summary>Fetches the model and the metrics to a folder, judges it there, and writes figures, pictures and report.</summary>
    /// <exception cref="RunNotReadyException">The run is not trained.</exception>
    /// <exception cref="DatasetException">The run's images are not on this machine.</exception>
    /// <exception cref="CliException">The images here are not those of the run.</exception>
    public static async Task<EvaluationResult> WriteAsync(
        RunConnection connection,
        RunStatus status,
        RunFolder folder,
        IEnumerable<string> dataRoots,
        EvaluationSpec evaluation,
        SamplingSpec sampling,
        IProgressSink progress,
        CancellationToken cancellation)
    {
        progress.Say($"Run '{connection.Name}' is judged on this machine, in '{folder.Path}'.");
        Directory.CreateDirectory(folder.Path);
        ModelContents model = await ModelPull.ToAsync(connection.Grains, status, folder.Model, progress, cancellation);
        ModelMetrics[] metrics = await connection.Run.GetMetricsAsync(cancellation);
        AtomicFile.Write(folder.MetricRows, Encoding.UTF8.GetBytes(MetricRowText.Write(metrics)));

        RunSpec spec = SpecJson.Read(status.Spec);
        LearningRuntime learning = await PrepareAsync(connection.Grains, status, dataRoots, progress, cancellation);
        var report = new RunReport(spec, learning.Data(spec), learning.Clusters(spec), model, new LocalSampleSource(model));
        return await report.WriteAsync(folder, status, evaluation, sampling, progress, cancellation);
    }

    /// <summary>Loads and clusters the data of a cluster's run on this machine.</summary>
    /// <exception cref="DatasetException">The run's images are not on this machine.</exception>
    /// <exception cref="CliException">The images here are not those of the run.</exception>
    public static async Task<LearningRuntime> PrepareAsync(
        IGrainFactory grains, RunStatus status, IEnumerable<string> dataRoots, IProgressSink progress, CancellationToken cancellation)
    {
        RunSpec spec = SpecJson.Read(status.Spec);
        progress.Say("Loading and clustering the data.");
        var learning = new LearningRuntime(DatasetCatalog.Default(dataRoots));
        if (spec.Islands.IsOnHosts())
        {
            // The images here are no host's; they are judged in the terms of the run's clusters.
            HostPlan plan = await HostPlans.OfAsync(grains, spec, cancellation);
            await JudgeThread.RunAsync(
                () =>
                {
                    learning.Adopt(spec, null, plan);
                    return true;
                },
                cancellation);
        }

        PreparedData data = await JudgeThread.RunAsync(() => learning.Prepare(spec, cancellation), cancellation);
        return status.Data is { Fingerprint.Length: > 0 } trained && trained.Fingerprint != data.Fingerprint
            ? throw new CliException(
                ExitCode.Integrity, $"The images of data set '{spec.Data.Name}' here, or their clusters, are not those that run '{status.Name}' was trained on. Name the right ones by --data-root.")
            : learning;
    }
}
