using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Imaging;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>Judges a trained run and writes its pictures, figures and report.</summary>
/// <param name="spec">The run's spec.</param>
/// <param name="data">Its images and clusters.</param>
/// <param name="clusters">The clustering, to tell the cluster of test images.</param>
/// <param name="model">Its model.</param>
/// <param name="source">Draws samples of it.</param>
internal sealed class RunReport(RunSpec spec, TrainingData data, ClusteringResult clusters, ModelContents model, ISampleSource source)
{
    private const int GridSide = 8;
    private const int PerCluster = 10;

    /// <summary>The report of a run whose silo is in this process; its model is exported on the way.</summary>
    public static RunReport Of(RunSession session, RunStatus status) =>
        new(session.Spec, session.Learning.Data(session.Spec), session.Learning.Clusters(session.Spec), session.Export(status), session.Samples);

    /// <summary>Evaluates and writes <c>metrics.json</c>, <c>samples.png</c>, <c>clusters.png</c> and <c>report.html</c>.</summary>
    /// <param name="folder">Where to; it holds the rows of the training's metrics.</param>
    /// <param name="status">The run.</param>
    /// <param name="evaluation">What to measure.</param>
    /// <param name="sampling">Solver and steps.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task<EvaluationResult> WriteAsync(
        RunFolder folder, RunStatus status, EvaluationSpec evaluation, SamplingSpec sampling, IProgressSink progress, CancellationToken cancellation)
    {
        RunSpec drawn = spec with { Sampling = sampling };
        var runner = new EvaluationRunner(data, clusters, model, source);
        EvaluationResult result = await runner.RunAsync(evaluation, sampling, new InlineProgress(progress.Say), cancellation) with
        {
            TrainedOn = status.Models.All(m => m.Device is not null) ? status.Models.ToDictionary(m => m.Role, m => m.Device!) : null,
        };
        progress.Say("Drawing the pictures.");
        byte[] samples = await SampleGridAsync(source, data, model, drawn, cancellation);
        byte[] pictures = await ClusterGridAsync(source, data, model, drawn, cancellation);
        string report = RunReportPage.Write(new RunReportContents
        {
            Spec = spec,
            SpecHash = SpecJson.Hash(spec),
            Evaluation = result,
            Curves = CurvesOf(folder),
            Islands = [.. status.Models.Where(m => m.Island is not null).Select(m => FactsOf(m.Role, m.Island!))],
            ClusterReport = status.Data!.ClusterReport,
            Samples = samples,
            Clusters = pictures,
        });
        AtomicFile.Write(folder.Samples, samples);
        AtomicFile.Write(folder.Clusters, pictures);
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
        island.Counts.Refused,
        island.Graph is not { } graph
            ? null
            : new TopologyFacts(
                graph.Kind, island.Peers, graph.Edges, graph.LeastDegree, graph.MostDegree, 1, graph.SecondEigenvalue, graph.SpectralGap, graph.Chi1, graph.Chi2));

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
