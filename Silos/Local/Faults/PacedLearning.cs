using System.Diagnostics;

using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Local.Faults;

/// <summary>Learning whose training steps take at least the time that the switch says. What is computed is the same.</summary>
internal sealed class PacedLearning(ILearningRuntime inner, FaultSwitch faults) : ILearningRuntime
{
    public IIslandLearning? Islands => inner.Islands;

    public IConvexLearning? Convex => inner.Convex;

    public IHostLearning? HostImages => inner.HostImages;

    public IDeviceSurvey? Devices => inner.Devices;

    public void EnterSlot(int threads, string device) => inner.EnterSlot(threads, device);

    public PreparedData Prepare(RunSpec spec, CancellationToken cancellation) => inner.Prepare(spec, cancellation);

    public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null) =>
        new Session(inner.OpenTraining(spec, role, checkpoint, specHash), faults);

    public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights) => inner.OpenPredictor(spec, role, weights);

    private sealed class Session(ITrainingSession inner, FaultSwitch faults) : ITrainingSession
    {
        public int Step => inner.Step;

        public int Steps => inner.Steps;

        public IReadOnlyList<MetricRow> History => inner.History;

        public SliceReport Train(TimeSpan budget, CancellationToken cancellation)
        {
            if (faults.Plan.StepMilliseconds <= 0)
            {
                return inner.Train(budget, cancellation);
            }

            var clock = Stopwatch.StartNew();
            int from = inner.Step;
            var reports = new List<SliceReport>();
            while (true)
            {
                // No time at all is one step.
                SliceReport report = inner.Train(TimeSpan.Zero, cancellation);
                reports.Add(report);
                TimeSpan due = TimeSpan.FromMilliseconds(faults.Plan.StepMilliseconds * (inner.Step - from)) - clock.Elapsed;
                bool stopped = due > TimeSpan.Zero && cancellation.WaitHandle.WaitOne(due);
                if (stopped || cancellation.IsCancellationRequested || inner.Step >= inner.Steps || report.Rows.Count > 0 || clock.Elapsed >= budget)
                {
                    double[] losses = [.. reports.Select(r => r.Loss).Where(double.IsFinite)];
                    double images = reports.Select(r => r.ImagesPerSecond).LastOrDefault(double.IsFinite, double.NaN);
                    return new SliceReport(inner.Step, losses.Length == 0 ? double.NaN : losses.Average(), images, [.. reports.SelectMany(r => r.Rows)]);
                }
            }
        }

        public byte[] SaveCheckpoint() => inner.SaveCheckpoint();

        public byte[] SaveWeights() => inner.SaveWeights();

        public void Dispose() => inner.Dispose();
    }
}
