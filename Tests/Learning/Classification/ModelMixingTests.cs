using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Topologies;

using Xunit;

namespace OrleansDDM.Tests.Learning.Classification;

/// <summary>Mixing of stacked models against plain arithmetic.</summary>
public sealed class ModelMixingTests
{
    private static readonly PerceptronKind Kind = new([31, 20, 10]);

    [Fact]
    public void Mean_is_the_weighted_mean()
    {
        using var bank = new ModelBank(Kind.Length);
        int[] rows = Stacked.Initial(bank, Kind, 3);
        int target = bank.Rent();
        Assert.True(ModelMixing.Mean(bank, target, rows, [1, 2, 5]));
        double[] expected = VectorAggregation.WeightedMean([.. rows.Select(r => Doubles(bank, r))], [1, 2, 5]);
        AssertClose(expected, bank.Row(target));
    }

    [Fact]
    public void Mean_of_a_model_that_is_not_finite_says_so()
    {
        using var bank = new ModelBank(Kind.Length);
        int[] rows = Stacked.Initial(bank, Kind, 2);
        bank.Row(rows[1])[^1] = float.NaN;
        Assert.False(ModelMixing.Mean(bank, bank.Rent(), rows, [1, 1]));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(40)]
    public void Matrix_product_mixes_as_the_schedule_says_and_keeps_the_mean(int peers)
    {
        using var bank = new ModelBank(Kind.Length);
        int[] rows = Stacked.Initial(bank, Kind, peers);
        int[] targets = [.. Enumerable.Range(0, peers).Select(_ => bank.Rent())];
        var mixing = new MetropolisMixing(Graphs.Ring(peers));
        float[] w = new float[peers * peers];
        for (int i = 0; i < peers; i++)
        {
            foreach (MixingWeight weight in mixing.Row(i, 0))
            {
                w[(i * peers) + weight.Node] = (float)weight.Weight;
            }
        }

        ModelMixing.Mix(bank, rows, targets, w);
        for (int i = 0; i < peers; i++)
        {
            MixingWeight[] row = [.. mixing.Row(i, 0)];
            AssertClose(
                VectorAggregation.WeightedMean([.. row.Select(x => Doubles(bank, rows[x.Node]))], [.. row.Select(x => x.Weight)]), bank.Row(targets[i]));
        }

        double[] before = VectorAggregation.Mean([.. rows.Select(r => Doubles(bank, r))]);
        double[] after = VectorAggregation.Mean([.. targets.Select(r => Doubles(bank, r))]);
        Assert.Equal(before, after, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Variance_correction_agrees_with_the_reference_and_restores_the_variance()
    {
        using var bank = new ModelBank(Kind.Length);
        int[] rows = Stacked.Initial(bank, Kind, 5);
        int target = bank.Rent();
        Assert.True(ModelMixing.VarianceCorrected(bank, target, rows, [0.5, 0.125, 0.125, 0.125, 0.125], [0, 1, 1, 1, 1], Kind.Segments));
        VectorSegment[] segments = [.. Kind.Segments.Select(s =>
            new VectorSegment((int)s.Offset, (int)s.Length, s.Name.EndsWith("weight", StringComparison.Ordinal)))];
        AssertClose(VectorAggregation.VarianceCorrected(Doubles(bank, rows[0]), [.. rows[1..].Select(r => Doubles(bank, r))], segments), bank.Row(target));
        int weights = 31 * 20;
        double wanted = rows[1..].Average(r => ModelMixing.Variance(bank.Row(r)[..weights]));
        Assert.Equal(wanted, ModelMixing.Variance(bank.Row(target)[..weights]), 1e-5 * wanted);
    }

    [Fact]
    public void Consensus_distance_is_the_mean_squared_distance_to_the_mean()
    {
        using var bank = new ModelBank(2);
        int[] rows = [bank.Rent(), bank.Rent()];
        new float[] { 1, 2 }.CopyTo(bank.Row(rows[0]));
        new float[] { 3, 6 }.CopyTo(bank.Row(rows[1]));
        Assert.Equal(5, ModelMixing.ConsensusDistance(bank, rows), 1e-6);
    }

    [Fact]
    public void Returned_rows_are_rented_again_and_rows_do_not_overlap()
    {
        using var bank = new ModelBank(3);
        int[] rows = [.. Enumerable.Range(0, 100).Select(_ => bank.Rent())];
        foreach (int row in rows)
        {
            bank.Row(row).Fill(row);
        }

        Assert.All(rows, row => Assert.Equal([row, row, row], bank.Row(row).ToArray()));
        bank.Return(rows[7]);
        Assert.Equal(99, bank.Rented);
        Assert.Equal(rows[7], bank.Rent());
    }

    private static double[] Doubles(ModelBank bank, int row) => [.. bank.Row(row).ToArray().Select(x => (double)x)];

    private static void AssertClose(double[] expected, ReadOnlySpan<float> got)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], got[i], 2e-6);
        }
    }
}
