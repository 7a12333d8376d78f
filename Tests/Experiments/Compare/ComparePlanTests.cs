using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Compare;

public sealed class ComparePlanTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Monolith_has_the_budget_of_its_ensemble_within_one_step(int experts)
    {
        ComparePlan plan = MadeUp.Plan([1, 2, 4, 8]);
        CompareArm arm = plan.Arms.Single(a => a.Kind == ArmKind.Ensemble && a.Clusters == experts);
        CompareArm monolith = plan.Arms.Single(a => a.Name == arm.Rival);
        TrainingFlops own = TrainingFlops.Of(arm.Spec, plan.Shape);
        TrainingFlops other = TrainingFlops.Of(monolith.Spec, plan.Shape);
        Assert.InRange(other.Total - own.Total, 0, own.ExpertStep * (1 + 1e-9));
        Assert.True(own.Router > 0.01 * own.Total);
        Assert.Equal(0, other.Router);
        Assert.Equal(monolith.Spec.Training.Steps, plan.Arms.Single(a => a.Name == $"monolith-told-{experts}").Spec.Training.Steps);
    }

    [Fact]
    public void Monolith_takes_the_solver_steps_that_top_1_pays_for_its_router()
    {
        ComparePlan plan = MadeUp.Plan([2, 4]);
        CompareArm monolith = plan.Arms.Single(a => a.Kind == ArmKind.Monolith);
        double expert = ModelFlops.Denoiser(MadeUp.Spec.Model, plan.Shape);
        double Cost(CompareArm arm, string rule) => CompareRules.SamplingFlops(
            rule, arm.Spec, expert, ModelFlops.Router(MadeUp.Spec.Router.Model, plan.Shape, arm.Clusters));
        Assert.All(plan.Arms.Where(a => a.Kind == ArmKind.Ensemble), arm =>
            Assert.InRange(Cost(monolith, "full") - Cost(arm, "top-1"), 0, expert));
        Assert.Equal(40, plan.Arms.Single(a => a.Name == "monolith-told-4").Spec.Sampling.Steps);
        ComparePlan without = ComparePlan.Create(
            MadeUp.Spec with { Evaluation = MadeUp.Spec.Evaluation with { Rules = ["top-2"] } }, [4], [0], MadeUp.Shape);
        Assert.Equal(40, without.Arms[0].Spec.Sampling.Steps);
    }

    [Fact]
    public void Budgets_far_apart_get_a_monolith_each()
    {
        // A perceptron router on few inputs is mostly its head, which grows with K.
        RunSpec spec = MadeUp.Spec with
        {
            Model = new ModelSpec { Kind = "mlp", Width = 4, Depth = 1 },
            Router = new RouterSpec { Model = new ModelSpec { Kind = "mlp", Width = 256, Depth = 1 }, StepShare = 4 },
        };
        var shape = new ModelShape(2, 1, 1, 0);
        Assert.Contains("router.model", Assert.Throws<SpecException>(() => ComparePlan.Create(spec, [2, 32], [0], shape)).Message, StringComparison.Ordinal);
        ComparePlan plan = ComparePlan.Create(spec with { Evaluation = spec.Evaluation with { Rules = ["full"] } }, [2, 32], [0], shape);
        Assert.Equal(2, plan.Arms.Count(a => a.Kind == ArmKind.Monolith));
        Assert.All(plan.Arms.Where(a => a.Kind == ArmKind.Ensemble), arm =>
        {
            TrainingFlops own = TrainingFlops.Of(arm.Spec, plan.Shape);
            Assert.InRange(TrainingFlops.Of(plan.Arms.Single(a => a.Name == arm.Rival).Spec, plan.Shape).Total - own.Total, 0, own.ExpertStep);
        });
    }

    [Fact]
    public void Each_K_has_its_controls_and_one_monolith_serves_all()
    {
        ComparePlan plan = MadeUp.Plan([1, 2, 4]);
        Assert.Equal(
            ["monolith", "ddm-2-features", "ddm-2-random", "monolith-told-2", "ddm-4-features", "ddm-4-random", "monolith-told-4"],
            plan.Arms.Select(a => a.Name));
        Assert.Equal("random", plan.Arms[5].Spec.Clustering.Method);
        Assert.Equal(4, plan.Arms[6].Spec.Clustering.Conditions);
        Assert.Equal(["full", "top-1", "sticky-prior"], plan.Arms[1].Rules);
        Assert.All(plan.Runs, run => SpecValidator.Validate(run.Spec));
        Assert.Equal(plan.Runs.Count, plan.Runs.Select(r => r.Name).Distinct().Count());
        Assert.Equal([3UL], plan.Runs.Where(r => r.Choosing).Select(r => r.Seed).Distinct());
    }

    [Fact]
    public void Hash_is_stable_and_depends_on_everything_that_is_frozen()
    {
        string hash = MadeUp.Plan().Hash;
        Assert.Equal(hash, MadeUp.Plan([4, 1]).Hash);
        Assert.NotEqual(hash, MadeUp.Plan(seeds: [5, 3]).Hash);
        Assert.NotEqual(hash, MadeUp.Plan([1, 2, 4]).Hash);
        Assert.NotEqual(hash, ComparePlan.Create(MadeUp.Spec, [4], [3, 5], MadeUp.Shape, m => m with { Deviations = 1 }).Hash);
        Assert.NotEqual(
            hash, ComparePlan.Create(MadeUp.Spec with { Sampling = new SamplingSpec { Steps = 41 } }, [4], [3, 5], MadeUp.Shape).Hash);
    }

    [Fact]
    public void Nothing_to_compare_is_refused()
    {
        Assert.Throws<SpecException>(() => MadeUp.Plan([1]));
        Assert.Throws<SpecException>(() => MadeUp.Plan(seeds: []));
        Assert.Throws<SpecException>(() => MadeUp.Plan(seeds: [1, 1]));
        Assert.Throws<SpecException>(() => MadeUp.Plan([3])); // 64 images do not split over 3 experts
        Assert.Throws<SpecException>(() => ComparePreset.Of("huge", "shapes"));
    }

    [Fact]
    public void Longer_or_slower_takes_longer()
    {
        ComparePlan plan = MadeUp.Plan();
        double seconds = CompareEstimate.Seconds(plan.Runs, plan, 1e10, 2);
        Assert.Equal(2 * seconds, CompareEstimate.Seconds(plan.Runs, plan, 5e9, 2), 1e-9 * seconds);
        Assert.True(CompareEstimate.Seconds(plan.Runs.Skip(1), plan, 1e10, 2) < seconds);
        Assert.True(CompareEstimate.Seconds(plan.Runs, plan, 1e10, 4) < seconds);
    }
}
