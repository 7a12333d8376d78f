using System.Diagnostics;

using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Observability;

/// <summary>A learning runtime that is watched: what it does is measured and traced, and work that never ends is known.</summary>
/// <param name="inner">What does the work.</param>
/// <param name="metrics">Where it is counted.</param>
/// <param name="watch">Where slices are known by; other work is known by its slot.</param>
/// <param name="clock">What time it is.</param>
internal sealed partial class ObservedLearning(ILearningRuntime inner, DdmMetrics metrics, WorkWatch watch, TimeProvider clock) : ILearningRuntime
{
    public IIslandLearning? Islands => inner.Islands is { } islands ? new ObservedIslands(this, islands) : null;

    public IConvexLearning? Convex => inner.Convex is { } convex ? new ObservedConvex(this, convex) : null;

    public IHostLearning? HostImages => inner.HostImages;

    public IDeviceSurvey? Devices => inner.Devices;

    public void EnterSlot(int threads, string device) => inner.EnterSlot(threads, device);

    public PreparedData Prepare(RunSpec spec, CancellationToken cancellation) => Observe(
        DdmActivities.Prepare(spec.Name, SpecJson.Hash(spec)), FaultKind.Data, () => inner.Prepare(spec, cancellation));

    public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null)
    {
        string hash = specHash ?? SpecJson.Hash(spec);
        return new ObservedSession(
            this, Open(spec.Name, hash, role, checkpoint, () => inner.OpenTraining(spec, role, checkpoint, specHash)), spec.Name, hash, role);
    }

    public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights) =>
        new ObservedPredictor(this, inner.OpenPredictor(spec, role, weights), role);

    private T Open<T>(string run, string specHash, ModelRole role, byte[]? checkpoint, Func<T> open)
    {
        T session = Observe(DdmActivities.Open(run, specHash, role), FaultKind.Open, open);
        if (checkpoint is not null)
        {
            metrics.Resumed(role);
        }

        return session;
    }

    private T Observe<T>(Activity? activity, FaultKind kind, Func<T> work)
    {
        using (activity)
        {
            try
            {
                return work();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                metrics.Faulted(kind);
                activity.Fail(e);
                throw;
            }
        }
    }

    private class ObservedSession(ObservedLearning owner, ITrainingSession session, string run, string specHash, ModelRole role) : ITrainingSession
    {
        protected string Model { get; } = run + "/" + role;

        protected ObservedLearning Owner => owner;

        public int Step => session.Step;

        public int Steps => session.Steps;

        public IReadOnlyList<MetricRow> History => session.History;

        public virtual SliceReport Train(TimeSpan budget, CancellationToken cancellation)
        {
            int from = session.Step;
            long started = owner.Clock.GetTimestamp();
            Activity? activity = DdmActivities.Slice(run, specHash, role);
            using IDisposable slice = owner.Watch.BeginSlice(Model, budget);
            return owner.Observe(activity, FaultKind.Training, () =>
            {
                SliceReport report = session.Train(budget, cancellation);
                owner.Metrics.SliceDone(role, owner.Clock.GetElapsedTime(started), session.Step - from, report.ImagesPerSecond);
                activity?.SetTag("ddm.steps", session.Step - from);
                return report;
            });
        }

        public byte[] SaveCheckpoint()
        {
            long started = owner.Clock.GetTimestamp();
            return owner.Observe(DdmActivities.Checkpoint(run, specHash, role), FaultKind.Checkpoint, () =>
            {
                byte[] bytes = session.SaveCheckpoint();
                owner.Metrics.CheckpointDone(role, owner.Clock.GetElapsedTime(started), bytes.Length);
                return bytes;
            });
        }

        public byte[] SaveWeights() => session.SaveWeights();

        public void Dispose() => session.Dispose();
    }

    private sealed class ObservedPredictor(ObservedLearning owner, IPredictor predictor, ModelRole role) : IPredictor
    {
        public float[] Predict(float[] x, int batch, Learning.Diffusion.Level level, int[]? classes)
        {
            long started = owner.Clock.GetTimestamp();
            float[] prediction = owner.Observe(null, FaultKind.Evaluation, () => predictor.Predict(x, batch, level, classes));
            owner.Metrics.EvaluationDone(role, owner.Clock.GetElapsedTime(started));
            return prediction;
        }

        public void Dispose() => predictor.Dispose();
    }

    private DdmMetrics Metrics => metrics;

    private WorkWatch Watch => watch;

    private TimeProvider Clock => clock;
}
