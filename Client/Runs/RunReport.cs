using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Imaging;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>Judges a trained run and writes its pictures, figures and report.</summary>
internal static class RunReport
{
    private const int GridSide = 8;
    private const int PerCluster = 10;

    /// <summary>Evaluates and writes <c>metrics.json</c>, <c>samples.png</c>, <c>clusters.png</c> and <c>report.html</c>.</summary>
    public static async Task<EvaluationResult> WriteAsync(
        RunSession session,
        RunFolder folder,
        RunStatus status,
        EvaluationSpec evaluation,
        SamplingSpec sampling,
        IProgressSink progress,
        CancellationToken cancellation)
    {
        RunSpec spec = session.Spec with { Sampling = sampling };
        ModelContents model = session.Export(status);
        TrainingData data = session.Learning.Data(session.Spec);
        ISampleSource source = session.Samples;
        var runner = new EvaluationRunner(data, session.Learning.Clusters(session.Spec), model, source);
        EvaluationResult result = await runner.RunAsync(evaluation, sampling, new InlineProgress(progress.Say), cancellation);
        progress.Say("Drawing the pictures.");
        byte[] samples = await SampleGridAsync(source, data, model, spec, cancellation);
        byte[] clusters = await ClusterGridAsync(source, data, model, spec, cancellation);
        string report = RunReportPage.Write(new RunReportContents
        {
            Spec = session.Spec,
            SpecHash = SpecJson.Hash(session.Spec),
            Evaluation = result,
            Curves = CurvesOf(folder),
            Islands = [.. status.Models.Where(m => m.Island is not null).Select(m => FactsOf(m.Role, m.Island!))],
            ClusterReport = status.Data!.ClusterReport,
            Samples = samples,
            Clusters = clusters,
        });
        AtomicFile.Write(folder.Samples, samples);
        AtomicFile.Write(folder.Clusters, clusters);
        AtomicFile.Write(folder.Report, System.Text.Encoding.UTF8.GetBytes(report));
        AtomicFile.Write(folder.Metrics, System.Text.Encoding.UTF8.GetBytes(result.ToJson()));
        return result;
    }

    /// <summary>What was measured in training.</summary>
    public static IReadOnlyList<Curve> CurvesOf(RunFolder folder) =>
    [
        .. File.ReadLines(folder.MetricRows).Select(MetricRowText.Read).Where(row => row is not null).Select(row => row!.Value)
            .GroupBy(r => (r.Role, r.Point.Name))
            .Select(g => new Curve(g.Key.Role, g.Key.Name, [.. g.Select(r => (double)r.Point.Step)], [.. g.Select(r => r.Point.Value)])),
    ];

    /// <summary>What the report tells of an island.</summary>
    public static IslandFacts FactsOf(string role, IslandStatus island) => new(
        role,
        island.Protocol,
        island.Peers,
        island.Unreachable,
        island.Returns,
        island.Round,
        island.Counts.Samples,
        island.Counts.ModelsReceived,
        island.Counts.ModelBytes,
        island.Counts.WholeBytes,
        island.Counts.FramesSent,
        island.Counts.FrameBytes,
        island.Counts.Refused);

    private static async Task<byte[]> SampleGridAsync(
        ISampleSource source, TrainingData data, ModelContents model, RunSpec spec, CancellationToken cancellation)
    {
        const int count = GridSide * GridSide;
        int[]? classes = spec.Model.ClassConditional ? ClassMix.Draw(data.Splits.Train, count, spec.Seed) : null;
        SampledImages images = await source.SampleAsync(Order(RuleOf(spec), count, spec.Seed, spec, classes: classes), null, cancellation);
        return ImageGrid.Encode(images.Values, model.Channels, model.Height, model.Width, GridSide, ScaleOf(model));
    }

    private static async Task<byte[]> ClusterGridAsync(
        ISampleSource source, TrainingData data, ModelContents model, RunSpec spec, CancellationToken cancellation)
    {
        var rows = new List<CaptionedRow>();
        for (int k = 0; k < spec.Experts.Count; k++)
        {
            ImageDataset train = data.Splits.Train;
            int[] members = train.RowsByRank(PerCluster, spec.Seed, data.TrainRows(k));
            int[] experts = [.. Enumerable.Repeat(k, PerCluster)];
            int[]? classes = spec.Model.ClassConditional
                ? [.. Enumerable.Range(0, PerCluster).Select(i => train.Labels.Span[members[i % members.Length]])]
                : null;
            SampleOrder order = spec.Experts.Count == 1
                ? Order("full", PerCluster, spec.Seed + 1, spec, classes: classes)
                : Order("oracle", PerCluster, spec.Seed + 1, spec, experts, classes);
            SampledImages samples = await source.SampleAsync(order, null, cancellation);
            var real = new float[members.Length * train.ImageSize];
            for (int i = 0; i < members.Length; i++)
            {
                train.CopyNormalized(members[i], real.AsSpan(i * train.ImageSize, train.ImageSize));
            }

            rows.Add(new CaptionedRow($"expert {k}", [real, samples.Values]));
        }

        return ImageGrid.RowsWithCaptions(rows, model.Channels, model.Height, model.Width, ScaleOf(model), ["real images of the cluster", "samples of its expert"]);
    }

    private static SampleOrder Order(string rule, int count, ulong seed, RunSpec spec, int[]? experts = null, int[]? classes = null) =>
        new(rule, count, seed, experts, spec.Sampling.Steps, spec.Sampling.Scheduler, Classes: classes);

    private static string RuleOf(RunSpec spec) => spec.Experts.Count == 1 ? "full" : spec.Mixing.Rule;

    private static int ScaleOf(ModelContents model) => Math.Max(1, 64 / model.Height);

    /// <summary><see cref="Progress{T}"/> would post to the thread pool and let messages overtake each other.</summary>
    private sealed class InlineProgress(Action<string> say) : IProgress<string>
    {
        public void Report(string value) => say(value);
    }
}
