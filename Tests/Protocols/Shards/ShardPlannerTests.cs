using CsCheck;

using OrleansDDM.Protocols.Shards;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Shards;

public sealed class ShardPlannerTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 1000).Select(i => i * 7 % 10)];

    [Fact]
    public void Every_plan_deals_each_sample_exactly_once_and_leaves_nobody_empty() =>
        Gen.Int[1, 40].Select(Gen.ULong, Gen.Double[0.05, 5]).Sample((peers, seed, alpha) =>
        {
            int[][][] plans =
            [
                ShardPlanner.Iid(1000, peers, seed), ShardPlanner.Dirichlet(Labels, peers, alpha, seed), ShardPlanner.LabelSorted(Labels, peers, 2, seed),
                ShardPlanner.Pathological(Labels, peers, peers < 10 ? 10 : 2, seed), ShardPlanner.QuantitySkew(1000, peers, alpha, seed),
            ];
            return plans.All(p => p.Length == peers && p.All(s => s.Length > 0 && s.SequenceEqual(s.Order()))
                && p.SelectMany(s => s).Order().SequenceEqual(Enumerable.Range(0, 1000)));
        }, iter: 60);

    [Fact]
    public void Same_seed_deals_the_same_and_another_differently()
    {
        Assert.Equal(ShardPlanner.Dirichlet(Labels, 8, 0.3, 1), ShardPlanner.Dirichlet(Labels, 8, 0.3, 1));
        Assert.NotEqual(ShardPlanner.Dirichlet(Labels, 8, 0.3, 1), ShardPlanner.Dirichlet(Labels, 8, 0.3, 2));
    }

    [Fact]
    public void Iid_shards_differ_by_at_most_one_sample()
    {
        int[] sizes = [.. ShardPlanner.Iid(1000, 7, 1).Select(s => s.Length)];
        Assert.InRange(sizes.Max() - sizes.Min(), 0, 1);
    }

    [Fact]
    public void Small_alpha_means_few_classes_and_large_alpha_all_of_them()
    {
        Assert.InRange(Dominance(ShardPlanner.Dirichlet(Labels, 10, 100, 1)), 0.1, 0.2);
        Assert.InRange(Dominance(ShardPlanner.Dirichlet(Labels, 10, 0.1, 1)), 0.45, 1);
    }

    [Fact]
    public void Pathological_peers_hold_as_many_classes_as_asked_for()
    {
        int[][] shards = ShardPlanner.Pathological(Labels, 20, 3, 4);
        Assert.All(shards, s => Assert.Equal(3, s.Select(i => Labels[i]).Distinct().Count()));
    }

    [Fact]
    public void Label_sorted_peers_hold_few_classes()
    {
        int[][] shards = ShardPlanner.LabelSorted(Labels, 10, 2, 4);
        Assert.All(shards, s => Assert.InRange(s.Select(i => Labels[i]).Distinct().Count(), 1, 4));
    }

    [Fact]
    public void Too_few_samples_or_a_bad_alpha_are_errors()
    {
        Assert.Throws<ArgumentException>(() => ShardPlanner.Iid(3, 4, 1));
        Assert.Throws<ArgumentException>(() => ShardPlanner.Dirichlet(Labels, 10, 0, 1));
        Assert.Throws<ArgumentException>(() => ShardPlanner.Dirichlet(Labels, 10, 1, 1, minimum: 101));
        Assert.Throws<ArgumentException>(() => ShardPlanner.Pathological(Labels, 4, 2, 1));
    }

    private static double Dominance(int[][] shards) =>
        shards.Average(s => s.GroupBy(i => Labels[i]).Max(g => g.Count()) / (double)s.Length);
}
