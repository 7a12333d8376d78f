using System.Text;

using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Compare;

/// <summary>Runs the arms of a comparison, each as a run with a folder and an embedded silo of its own. One arm at a time.</summary>
/// <param name="folder">The comparison's folder.</param>
/// <param name="dataRoots">Folders to look for data in.</param>
/// <param name="slots">Models in training at a time.</param>
/// <param name="sink">Where progress goes.</param>
internal sealed class SiloArmRunner(CompareFolder folder, IReadOnlyList<string> dataRoots, int slots, IProgressSink sink) : IArmRunner, IDisposable
{
    private readonly ComparisonJudge _judge = new(folder, dataRoots);

    /// <inheritdoc/>
    public Task<JudgeFacts> JudgeAsync(ComparePlan plan, IProgress<string>? progress, CancellationToken cancellation) =>
        _judge.FindAsync(plan, progress, cancellation);

    /// <inheritdoc/>
    public async Task<ArmMeasurement> RunAsync(ComparePlan plan, CompareRun run, IProgress<string>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(run);
        RunSpec spec = run.Spec;
        var arm = new RunFolder(folder.ArmOf(run));
        Directory.CreateDirectory(arm.Path);
        AtomicFile.Write(arm.Spec, Encoding.UTF8.GetBytes(SpecJson.Write(spec)));
        var clock = new ArmClock(sink, arm.Path);
        await using RunSession session = await RunSession.StartAsync(arm, spec, dataRoots, slots, web: false, cancellation);
        RunStatus status = await clock.MeasureAsync(() => session.TrainAsync(clock, cancellation));
        var evaluator = new ArmEvaluator(
            plan, run, session.Learning.Data(spec), session.Learning.Clusters(spec), session.Export(status), session.Samples, _judge.Value);
        return await evaluator.RunAsync(clock.Times(spec, session.Learning.ClusteringSeconds(spec)), progress, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _judge.Dispose();
}
