using CsCheck;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Aggregation;

public sealed class VectorAggregationTests
{
    private static readonly VectorSegment[] Layers = [new(0, 400), new(400, 20, Corrected: false), new(420, 180), new(600, 1)];

    [Fact]
    public void Weighted_mean_is_that_of_the_formula() =>
        Assert.Equal([2.5, 25], VectorAggregation.WeightedMean([[1, 10], [3, 30]], [1, 3]));

    [Fact]
    public void Mean_of_floats_one_after_another_is_that_of_their_doubles_bit_for_bit() =>
        Gen.Select(Gen.Float[-5, 5].Array[37].Array[1, 5], Gen.Double[0.1, 9].Array[5]).Sample((models, all) =>
        {
            double[] weights = all[..models.Length];
            double[] doubles = VectorAggregation.WeightedMean([.. models.Select(m => Array.ConvertAll(m, v => (double)v))], weights);
            float[] floats = VectorAggregation.WeightedMean(weights, m => models[m]);
            Assert.Equal(doubles.Select(v => BitConverter.SingleToInt32Bits((float)v)), floats.Select(BitConverter.SingleToInt32Bits));
        });

    [Fact]
    public void Mean_of_floats_refuses_other_lengths_and_weights()
    {
        float[][] models = [[1, 2], [3]];
        Assert.Throws<ArgumentException>(() => VectorAggregation.WeightedMean([1, 1], m => models[m]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.WeightedMean([0, 0], m => models[0]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.WeightedMean([1, double.NaN], m => models[0]));
    }

    [Fact]
    public void Mean_of_equal_models_is_that_model_and_the_order_of_weights_scale_does_not_matter() =>
        Gen.Double[-5, 5].Array[7].Select(Gen.Double[0.1, 9]).Sample((model, scale) =>
        {
            double[] mean = VectorAggregation.WeightedMean([model, model, model], [scale, 2 * scale, 3 * scale]);
            return model.Zip(mean, (x, y) => Math.Abs(x - y)).Max() < 1e-12;
        });

    [Theory]
    [InlineData(VarianceTarget.Received)]
    [InlineData(VarianceTarget.Own)]
    [InlineData(VarianceTarget.Both)]
    public void Corrected_layers_get_exactly_the_wanted_variance_and_keep_their_mean(VarianceTarget target)
    {
        double[][] models = [.. Enumerable.Range(0, 5).Select(i => Random(i, 1 + i))];
        double[] plain = VectorAggregation.WeightedMean([models[0], VectorAggregation.Mean(models[1..])], [0.5, 0.5]);

        double[] corrected = VectorAggregation.VarianceCorrected(models[0], models[1..], Layers, 0.5, target);

        foreach (VectorSegment layer in Layers.Where(l => l.Corrected && l.Length > 1))
        {
            double own = Variance(models[0], layer), others = models[1..].Average(m => Variance(m, layer));
            double wanted = target switch { VarianceTarget.Own => own, VarianceTarget.Received => others, _ => (own + others) / 2 };
            Assert.Equal(wanted, Variance(corrected, layer), wanted * 1e-12);
            Assert.Equal(plain[layer.Offset..(layer.Offset + layer.Length)].Average(), corrected[layer.Offset..(layer.Offset + layer.Length)].Average(), 1e-12);
        }

        Assert.Equal(plain[400..420], corrected[400..420]);
        Assert.Equal(plain[600], corrected[600]);
    }

    [Fact]
    public void Plain_average_of_unlike_models_loses_variance_as_the_notes_say()
    {
        // Var = σ² (β² + (1 − β)² / K) for uncorrelated models.
        double[][] models = [.. Enumerable.Range(0, 9).Select(i => Random(i, 1, 40_000))];
        double[] plain = VectorAggregation.WeightedMean([models[0], VectorAggregation.Mean(models[1..])], [0.5, 0.5]);

        Assert.InRange(VectorAggregation.Variance(plain), 0.27, 0.29);
        Assert.Equal(0.25 + (0.25 / 8), VectorAggregation.Variance(plain), 0.01);
    }

    [Fact]
    public void Equal_models_are_not_changed_and_opposite_ones_do_not_blow_up()
    {
        double[] model = Random(1, 1);
        double[] same = VectorAggregation.VarianceCorrected(model, [model, model], Layers);
        double[] opposite = VectorAggregation.VarianceCorrected(model, [[.. model.Select(x => -x)]], Layers);

        Assert.All(model.Zip(same), p => Assert.Equal(p.First, p.Second, 1e-12));
        Assert.All(opposite, x => Assert.InRange(Math.Abs(x), 0, 1e-9));
    }

    [Fact]
    public void Bad_input_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => VectorAggregation.Mean([]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.Mean([[1], [1, 2]]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.WeightedMean([[1], [2]], [1, -1]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.WeightedMean([[1], [2]], [0, 0]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.WeightedMean([[1], [2]], [1, double.NaN]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.VarianceCorrected([1, 2], [[1, 2]], [new(1, 2)]));
        Assert.Throws<ArgumentException>(() => VectorAggregation.VarianceCorrected([1, 2], [[1, 2]], [new(0, 2)], 1.5));
    }

    private static double Variance(double[] model, VectorSegment layer) =>
        VectorAggregation.Variance(model.AsSpan(layer.Offset, layer.Length));

    private static double[] Random(int seed, double scale, int length = 601)
    {
        CounterStream random = new((ulong)seed, "vectors");
        return [.. Enumerable.Range(0, length).Select(_ => scale * random.Normal())];
    }
}
