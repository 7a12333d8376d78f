using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

namespace OrleansDDM.Tests.Experiments.Compare;

/// <summary>Plans and measurements with numbers that are easy to follow.</summary>
internal static class MadeUp
{
    public static ModelShape Shape { get; } = new(1, 16, 16, 10);

    public static JudgeFacts Judge { get; } = new("made-up/0", 0.9, 0.5, 0.1, 100, 500, 200);

    public static RunSpec Spec { get; } = new()
    {
        Training = new TrainingSpec { Steps = 100, Batch = 64 },
        Evaluation = new EvaluationSpec { Samples = 100, LossImages = 3, LossStrata = 2, Rules = ["full", "top-1", "top-2", "sticky-prior"] },
    };

    public static ComparePlan Plan(int[]? experts = null, ulong[]? seeds = null) =>
        ComparePlan.Create(Spec, experts ?? [1, 4], seeds ?? [3, 5], Shape);

    /// <summary>Measurements of all runs: FD of an arm under a rule, give or take 0.1 between the seeds; the loss of an arm.</summary>
    public static IReadOnlyList<ArmMeasurement> Measure(ComparePlan plan, Func<string, string, double> distance, Func<string, double> loss) =>
        [.. plan.Runs.Select(run => Measure(plan, run, distance, loss))];

    public static ArmMeasurement Measure(ComparePlan plan, CompareRun run, Func<string, string, double> distance, Func<string, double> loss)
    {
        double wobble = run.Seed == plan.Seeds[0] ? -0.1 : 0.1;
        int experts = run.Spec.Experts.Count;
        return new ArmMeasurement
        {
            Arm = run.Arm.Name,
            Seed = run.Seed,
            PlanHash = plan.Hash,
            TestErrors = [.. Enumerable.Range(0, 6).Select(i => (float)(loss(run.Arm.Name) + (0.01 * i)))],
            TestLoss = loss(run.Arm.Name),
            TrainLoss = loss(run.Arm.Name) - 0.01,
            Rules =
            [
                .. run.Arm.Rules.Select(rule => new RuleMeasurement(
                    rule,
                    distance(run.Arm.Name, rule) + wobble,
                    run.Choosing ? distance(run.Arm.Name, rule) : null,
                    [.. Enumerable.Repeat(1.0 / experts, experts)],
                    1e6,
                    100)),
            ],
            Priors = [.. Enumerable.Repeat(1.0 / run.Arm.Clusters, run.Arm.Clusters)],
            Parameters = 1000 * experts,
            TrainingFlops = 1e12,
            Times = new ArmTimes(20, 10, 1),
        };
    }
}
