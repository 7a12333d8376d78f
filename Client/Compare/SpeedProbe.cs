using System.Diagnostics;

using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Compare;

/// <summary>Measures how fast a slot of this machine trains.</summary>
internal static class SpeedProbe
{
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(2);

    /// <summary>FLOPs per second of one slot on the plan's first arm, by the plan's own count.</summary>
    public static Task<double> FlopsPerSecondAsync(ComparePlan plan, DatasetCatalog catalog, CancellationToken cancellation)
    {
        RunSpec spec = plan.Runs[0].Spec;
        return Task.Factory.StartNew(Measure, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        double Measure()
        {
            var learning = new LearningRuntime(catalog);
            learning.EnterSlot(threads: 1, ComputeDevice.Cpu);
            using ITrainingSession session = learning.OpenTraining(spec, ModelRole.Expert(0), checkpoint: null);
            session.Train(Warmup, cancellation);
            int before = session.Step;
            long start = Stopwatch.GetTimestamp();
            session.Train(Budget, cancellation);
            cancellation.ThrowIfCancellationRequested();
            double perStep = TrainingFlops.Of(spec, plan.Shape).ExpertStep;

            // So short a training that it ended in the warm-up takes no time to speak of.
            int steps = Math.Max(1, session.Step - before);
            return steps * perStep / Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-3);
        }
    }
}
