using OrleansDDM.Learning.Models;

namespace OrleansDDM.Experiments.Compare;

/// <summary>How long runs will take.</summary>
public static class CompareEstimate
{
    /// <summary>Seconds that training and sampling of runs take; loading, clustering and the judge come on top.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="plan">Their plan.</param>
    /// <param name="flopsPerSecond">Measured rate of one slot in training.</param>
    /// <param name="slots">Models at work at a time.</param>
    public static double Seconds(IEnumerable<CompareRun> runs, ComparePlan plan, double flopsPerSecond, int slots)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(flopsPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slots);
        return runs.Sum(run => Seconds(run, plan, flopsPerSecond, slots));
    }

    private static double Seconds(CompareRun run, ComparePlan plan, double rate, int slots)
    {
        CompareArm arm = run.Arm;
        int experts = arm.Spec.Experts.Count;
        TrainingFlops training = TrainingFlops.Of(arm.Spec, plan.Shape);
        double expert = ModelFlops.Denoiser(arm.Spec.Model, plan.Shape);
        double router = experts == 1 ? 0 : ModelFlops.Router(arm.Spec.Router.Model, plan.Shape, experts);
        int samples = plan.Metric.Samples + (run.Choosing ? plan.Metric.ValidationSamples : 0);
        double sampling = arm.Rules.Sum(rule => samples * CompareRules.SamplingFlops(rule, arm.Spec, expert, router));
        double loss = 2.0 * plan.Metric.LossImages * plan.Metric.LossStrata * ((expert * experts) + router);

        // A model in training holds one slot; samples are spread over all; the loss is measured on one thread.
        return (training.Total / rate / Math.Min(slots, experts)) + (sampling / rate / slots) + (loss / rate);
    }
}
