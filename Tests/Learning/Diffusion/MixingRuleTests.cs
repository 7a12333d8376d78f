using OrleansDDM.Learning.Diffusion;

using Xunit;

namespace OrleansDDM.Tests.Learning.Diffusion;

public class MixingRuleTests
{
    private static readonly double[] Row = [.1, .5, .15, .25];

    [Theory]
    [InlineData("full", new[] { .1, .5, .15, .25 }, 0)]
    [InlineData("top-1", new double[] { 0, 1, 0, 0 }, .5)]
    [InlineData("top-2", new[] { 0, 2 / 3d, 0, 1 / 3d }, .25)]
    [InlineData("top-9", new[] { .1, .5, .15, .25 }, 0)]
    [InlineData("threshold-0.15", new[] { 0, 5 / 9d, 1.5 / 9, 2.5 / 9 }, .1)]
    [InlineData("threshold-0.9", new double[] { 0, 1, 0, 0 }, .5)]
    [InlineData("nucleus-0.7", new[] { 0, 2 / 3d, 0, 1 / 3d }, .25)]
    [InlineData("nucleus-.4", new double[] { 0, 1, 0, 0 }, .5)]
    [InlineData("nucleus-0.999", new[] { .1, .5, .15, .25 }, 0)]
    public void Rule_gives_weights_and_dropped_mass(string id, double[] weights, double dropped)
    {
        MixingPlan plan = MixingRules.Parse(id).Plan(Row, 4, AnalyticEnsemble.Context(1));
        AssertClose(weights, plan.Weights);
        Assert.Equal(dropped, plan.Dropped[0], 12);
        Assert.Equal(0, plan.Dead[0]);
        Assert.Equal(Enumerable.Range(0, 4).Where(k => weights[k] > 0), plan.ExpertsOf(0));
    }

    [Fact]
    public void Dead_expert_is_renormalised_away_before_the_rule()
    {
        MixingPlan plan = MixingRules.Parse("top-1").Plan(Row, 4, AnalyticEnsemble.Context(1, alive: [true, false, true, true]));
        AssertClose([0, 0, 0, 1], plan.Weights);
        Assert.Equal(.5, plan.Dead[0], 12);
        Assert.Equal(.25, plan.Dropped[0], 12);
        AssertClose([.2, 0, .3, .5], MixingRules.Parse("full").Plan(Row, 4, AnalyticEnsemble.Context(1, alive: [true, false, true, true])).Weights);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("top-2")]
    [InlineData("sample-2")]
    [InlineData("threshold-0.1")]
    [InlineData("nucleus-0.5")]
    [InlineData("sticky-prior")]
    public void No_mass_on_living_experts_is_an_error(string id)
    {
        IMixingRule rule = MixingRules.Parse(id, [.5, .5, 0, 0]);
        Assert.Contains("No living expert", Assert.Throws<InvalidOperationException>(
            () => rule.Plan([.5, .5, 0, 0], 4, AnalyticEnsemble.Context(1, alive: [false, false, true, true]))).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(
            () => rule.Plan([.5, .5, 0, 0], 4, AnalyticEnsemble.Context(1, alive: [false, false, false, false])));
    }

    [Theory]
    [InlineData(2.5, -1.0)]
    [InlineData(double.NaN, 1)]
    [InlineData(double.PositiveInfinity, 0)]
    [InlineData(3, 4)]
    [InlineData(0, 0)]
    public void Logits_and_nan_are_refused(double a, double b)
    {
        foreach (string id in new[] { "full", "top-1", "sample-1", "threshold-0.5", "nucleus-0.5" })
        {
            Assert.Contains("softmax", Assert.Throws<ArgumentException>(
                () => MixingRules.Parse(id).Plan([a, b], 2, AnalyticEnsemble.Context(1))).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("sample-1", 1)]
    [InlineData("sample-3", 3)]
    public void Sampled_experts_are_the_full_mix_in_the_mean(string id, int draws)
    {
        const int Batch = 20_000;
        MixingPlan plan = MixingRules.Parse(id).Plan([.. Enumerable.Repeat(Row, Batch).SelectMany(r => r)], 4, AnalyticEnsemble.Context(Batch));
        for (int k = 0; k < 4; k++)
        {
            double mean = Enumerable.Range(0, Batch).Average(b => plan.Weights[(b * 4) + k]);
            Assert.InRange(Math.Abs(mean - Row[k]), 0, 4 * Math.Sqrt(Row[k] * (1 - Row[k]) / (Batch * draws)));
        }

        Assert.Equal(0, plan.Weights.Max(w => Math.Abs(Math.Round(w * draws) - (w * draws))), 12);
    }

    [Fact]
    public void Sampled_experts_change_with_the_step_and_not_with_the_batch()
    {
        IMixingRule rule = MixingRules.Parse("sample-1");
        double[] rows = [.. Enumerable.Repeat(Row, 32).SelectMany(r => r)];
        MixingPlan first = rule.Plan(rows, 4, AnalyticEnsemble.Context(32, step: 0));
        MixingPlan second = rule.Plan(rows, 4, AnalyticEnsemble.Context(32, step: 1));
        Assert.NotEqual(first.Weights, second.Weights);
        MixingPlan alone = rule.Plan(Row, 4, AnalyticEnsemble.Context(1) with { SampleIds = [17] });
        Assert.Equal(first.ExpertsOf(17), alone.ExpertsOf(0));
    }

    [Fact]
    public void Sticky_prior_draws_from_the_prior_once_per_sample()
    {
        const int Batch = 20_000;
        IMixingRule rule = MixingRules.Parse("sticky-prior", [1, 5, 1.5, 2.5]);
        MixingPlan plan = rule.Plan([], 4, AnalyticEnsemble.Context(Batch));
        double chiSquare = Enumerable.Range(0, 4).Sum(k => Math.Pow(plan.RowsOf(k).Length - (Row[k] * Batch), 2) / (Row[k] * Batch));
        Assert.InRange(chiSquare, 0, 16.3); // 0.1 % point of chi-square with 3 degrees of freedom
        Assert.Equal(plan.Weights, rule.Plan([], 4, AnalyticEnsemble.Context(Batch, step: 7)).Weights);
        Assert.All(Enumerable.Range(0, 100), b => Assert.Single(plan.ExpertsOf(b)));
    }

    [Fact]
    public void Sticky_prior_moves_only_the_samples_of_a_dead_expert()
    {
        const int Batch = 20_000;
        IMixingRule rule = MixingRules.Parse("sticky-prior", Row);
        MixingPlan before = rule.Plan([], 4, AnalyticEnsemble.Context(Batch));
        MixingPlan after = rule.Plan([], 4, AnalyticEnsemble.Context(Batch, alive: [true, false, true, true]));
        Assert.DoesNotContain(Enumerable.Range(0, Batch), b => before.ExpertsOf(b)[0] != 1 && before.ExpertsOf(b)[0] != after.ExpertsOf(b)[0]);
        Assert.Empty(after.RowsOf(1));
        Assert.InRange(after.RowsOf(3).Length, .49 * Batch, .51 * Batch);
        Assert.Equal(.5, after.Dead[0], 12);
    }

    [Fact]
    public void Oracle_takes_the_label_and_nothing_else()
    {
        IMixingRule rule = MixingRules.Parse("oracle");
        MixingContext context = AnalyticEnsemble.Context(3);
        AssertClose([0, 0, 1, 1, 0, 0, 0, 1, 0], rule.Plan([], 3, context with { Labels = [2, 0, 1] }).Weights);
        Assert.Throws<ArgumentException>(() => rule.Plan([], 3, context));
        Assert.Throws<ArgumentException>(() => rule.Plan([], 3, context with { Labels = [2, 0, 3] }));
        Assert.Contains("is dead", Assert.Throws<InvalidOperationException>(
            () => rule.Plan([], 3, context with { Labels = [2, 0, 1], Alive = [true, false, true] })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("top-0")]
    [InlineData("top-")]
    [InlineData("top--1")]
    [InlineData("threshold-1")]
    [InlineData("nucleus-0")]
    [InlineData("mean")]
    [InlineData("")]
    [InlineData("sticky")]
    public void Unknown_rules_are_refused(string id) => Assert.Throws<ArgumentException>(() => MixingRules.Parse(id));

    [Fact]
    public void Sticky_prior_refuses_missing_or_bad_priors()
    {
        Assert.Throws<ArgumentException>(() => MixingRules.Parse("sticky-prior"));
        Assert.Throws<ArgumentException>(() => MixingRules.Parse("sticky-prior", [0, 0]));
        Assert.Throws<ArgumentException>(() => MixingRules.Parse("sticky-prior", [double.NaN, 1]));
        Assert.Throws<ArgumentException>(() => MixingRules.Parse("sticky-prior", [1, 1]).Plan([], 3, AnalyticEnsemble.Context(1)));
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 12));
    }
}
