using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Compare;

/// <summary>
/// Has a cluster train the arms of a comparison, each as a run of its own, and judges them on this machine. While one arm is waited for and
/// judged, the next ones train already. The runs outlive this client; another one that brings the same plan goes on with them.
/// </summary>
/// <param name="folder">The comparison's folder.</param>
/// <param name="dataRoots">Folders to look for data in.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="atOnce">Runs in training at a time, at least 1.</param>
/// <param name="sink">Where progress goes.</param>
internal sealed class ClusterArmRunner(CompareFolder folder, IReadOnlyList<string> dataRoots, ClusterConnection cluster, int atOnce, IProgressSink sink) : IArmRunner, IDisposable
{
    private readonly ComparisonJudge _judge = new(folder, dataRoots);

    /// <summary>The name that a run of a comparison has on a cluster: comparisons of different plans do not meet.</summary>
    public static string NameOf(ComparePlan plan, CompareRun run) => $"compare-{plan.Hash[..8]}-{run.Name}";

    /// <inheritdoc/>
    public Task<JudgeFacts> JudgeAsync(ComparePlan plan, IProgress<string>? progress, CancellationToken cancellation) =>
        _judge.FindAsync(plan, progress, cancellation);

    /// <inheritdoc/>
    /// <exception cref="RunConflictException">The cluster has a run of the name with another spec.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the cluster's runs go on.</exception>
    /// <exception cref="CliException">The run faulted or was stopped, or was trained on other images than this machine has.</exception>
    public async Task<ArmMeasurement> RunAsync(ComparePlan plan, CompareRun run, IProgress<string>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(run);
        string[] submitted = await SubmitAsync(plan, run, cancellation);
        try
        {
            var clock = new EventClock();
            RunStatus status = await TrainedAsync(submitted[0], clock, cancellation);
            ModelContents model = await ModelPull.ToAsync(
                cluster.Client, status, new RunFolder(folder.ArmOf(run)).Model, sink, cancellation);
            RunSpec spec = SpecJson.Read(status.Spec);
            LearningRuntime learning = await ClusterEvaluation.PrepareAsync(cluster.Client, status, dataRoots, sink, cancellation);
            var evaluator = new ArmEvaluator(plan, run, learning.Data(spec), learning.Clusters(spec), model, new LocalSampleSource(model), _judge.Value);
            return await evaluator.RunAsync(clock.Times(spec, learning.ClusteringSeconds(spec)), progress, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            sink.Say($"The cluster's runs go on without this client: {string.Join(", ", submitted)}. The same command goes on with them; ddm stop stops one.");
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _judge.Dispose();

    /// <summary>Has the run in training, and those that come next.</summary>
    private async Task<string[]> SubmitAsync(ComparePlan plan, CompareRun run, CancellationToken cancellation)
    {
        CompareRun[] next = [.. plan.Runs.SkipWhile(r => r.Name != run.Name).Where(r => folder.Read(plan, r) is null).Take(atOnce)];
        foreach (CompareRun one in next)
        {
            cancellation.ThrowIfCancellationRequested();
            RunSpec spec = one.Spec with { Name = NameOf(plan, one) };
            if (!(await ClusterFlow.SubmitAsync(GrainOf(spec.Name), spec, force: false)).Attached)
            {
                sink.Say($"Run '{spec.Name}' is submitted.");
            }
        }

        return [.. next.Select(one => NameOf(plan, one))];
    }

    private async Task<RunStatus> TrainedAsync(string name, EventClock clock, CancellationToken cancellation)
    {
        IRunGrain run = GrainOf(name);
        sink.Begin((await run.GetStatusAsync(cancellation)).Models);

        // From the first event on: it is they that tell how long the training took.
        await foreach (RunEvent e in RunEvents.FollowOnClusterAsync(run, after: 0, clock: null, cancellation))
        {
            clock.Add(e);
            sink.Show(e);
        }

        RunStatus status = await run.GetStatusAsync(cancellation);
        return status.Phase switch
        {
            RunPhase.Ready => status,
            RunPhase.Faulted => throw new CliException(ExitCode.Failure, $"Run '{name}' of the cluster faulted: {status.Message}"),
            _ => throw new CliException(ExitCode.Interrupted, $"Run '{name}' of the cluster was stopped. The same command goes on with it."),
        };
    }

    private IRunGrain GrainOf(string name) => cluster.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));
}
