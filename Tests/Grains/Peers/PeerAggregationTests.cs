using System.Runtime.InteropServices;

using OrleansDDM.Grains.Peers;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

public sealed class PeerAggregationTests
{
    private static readonly float[][] Models =
    [
        [1, -2, 3, 8, /* bias */ 10, 20, /* norm */ 1, 5, /* weight */ 2, 4],
        [-3, 5, 0, 1, /* bias */ 30, 20, /* norm */ 3, 1, /* weight */ 9, 1],
        [6, 6, -6, 2, /* bias */ 50, 80, /* norm */ 5, 0, /* weight */ -4, 0],
    ];

    private readonly Trainer _trainer = new();

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void Correction_gives_weights_the_variance_of_the_models_and_leaves_biases_and_norms_averaged(int? own)
    {
        double[][] models = [.. Models.Select(m => Array.ConvertAll(m, v => (double)v))];
        double[] plain = own is { } self
            ? [.. Enumerable.Range(0, 10).Select(i => (models[self][i] / 2) + (models.Where((_, m) => m != self).Average(m => m[i]) / 2))]
            : [.. Enumerable.Range(0, 10).Select(i => models.Average(m => m[i]))];

        float[] result = Of(new AggregationRule.VarianceCorrected(own is { } o ? new PeerId((ulong)o) : null), [1, 1, 1]);

        foreach (Range weight in new[] { ..4, 8..10 })
        {
            double wanted = models.Where((_, m) => m != own).Average(m => VectorAggregation.Variance(m.AsSpan(weight)));
            double[] layer = Array.ConvertAll(result[weight], v => (double)v);
            Assert.Equal(wanted, VectorAggregation.Variance(layer), wanted * 1e-5);
            Assert.Equal(plain[weight].Average(), layer.Average(), 1e-5);
            Assert.NotEqual(plain[weight][0], layer[0], 0.1);
        }

        Assert.Equal(plain[4..8], result[4..8].Select(v => (double)v), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Mean_is_by_weight_and_that_of_one_model_is_the_model()
    {
        float[] mean = Of(new AggregationRule.WeightedMean(), [1, 0, 3]);
        Assert.Equal([.. Models[0].Zip(Models[2], (a, c) => (a + (3 * c)) / 4)], mean);
        Assert.Equal(Models[1], PeerAggregation.Of(new AggregationRule.WeightedMean(), [Contribution(1, 5)], Get, _trainer));
    }

    [Fact]
    public void Linear_combination_takes_weights_as_they_are() =>
        Assert.Equal([.. Models[0].Zip(Models[1], (a, b) => (2 * a) - b)], Of(new AggregationRule.LinearCombination(), [2, -1, 0]));

    [Fact]
    public void Aggregate_beyond_what_a_float_holds_is_refused() =>
        Assert.Throws<InvalidDataException>(() => Of(new AggregationRule.LinearCombination(), [1e39, 0, 0]));

    private static Contribution Contribution(int model, double weight) => new(new PeerId((ulong)model), HandleOf(model), weight);

    private static ModelHandle HandleOf(int model) => ModelHandle.FromBytes([.. Enumerable.Repeat((byte)(model + 1), ModelHandle.Size)]);

    private static byte[] Get(ModelHandle handle) =>
        MemoryMarshal.AsBytes(Models.Where((_, i) => HandleOf(i) == handle).Single().AsSpan()).ToArray();

    private float[] Of(AggregationRule rule, double[] weights) => PeerAggregation.Of(rule, [.. weights.Select((w, i) => Contribution(i, w))], Get, _trainer);

    // A model is its values in bytes.
    private sealed class Trainer : IPeerTrainer
    {
        public IReadOnlyList<Segment> Segments { get; } =
        [
            new("first.weight", [2, 2], 0, SegmentRole.Weight, []),
            new("first.bias", [2], 4, SegmentRole.Bias, []),
            new("norm.weight", [2], 6, SegmentRole.Norm, []),
            new("last.weight", [2], 8, SegmentRole.Weight, []),
        ];

        public byte[] Initial() => throw new NotSupportedException();

        public PeerTraining Train(byte[] model, int peer, long round, int steps, PeerMoments? moments, double radius, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public float[] Read(byte[] model) => MemoryMarshal.Cast<byte, float>(model).ToArray();

        public byte[] Write(float[] values) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
