using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Compression;

public sealed class UpdateCodecTests
{
    [Theory]
    [InlineData("none", 1000, 4005)]
    [InlineData("bf16", 1000, 2005)]
    [InlineData("int8", 1000, 9 + 16 + 1000)]
    [InlineData("int8", 256, 9 + 4 + 256)]
    [InlineData("top-k", 1000, 9 + 80)]
    [InlineData("top-k", 3, 9 + 8)]
    public void Bytes_follow_the_formula(string kind, int count, int bytes)
    {
        CompressionOptions options = new() { Kind = kind };

        Assert.Equal(bytes, UpdateCodec.Encode(Normal(count), options).Length);
        Assert.Equal(bytes, UpdateCodec.EncodedBytes(count, options));
    }

    [Fact]
    public void Errors_stay_within_their_bounds()
    {
        float[] values = [.. Normal(5000), 0, -0f, float.MaxValue, -float.MaxValue, 1e-30f];

        Assert.Equal(values, Through(values, new() { Kind = "none" }));
        Assert.All(values.Zip(Through(values, new() { Kind = "bf16" })), p => Assert.True(Math.Abs(p.First - (double)p.Second) <= Math.Abs((double)p.First) / 256));
        float[] normal = Normal(5000), quantised = Through(normal, new() { Kind = "int8", Block = 100 });
        for (int i = 0; i < 5000; i++)
        {
            float largest = normal[(i / 100 * 100)..((i / 100 * 100) + 100)].Max(Math.Abs);
            Assert.True(Math.Abs(normal[i] - quantised[i]) <= largest / 254 * 1.00001, $"element {i}");
        }

        float[] largestKept = Through(normal, new() { Kind = "top-k", Keep = 0.1 });
        float threshold = normal.Select(Math.Abs).OrderDescending().ElementAt(499);
        Assert.All(normal.Zip(largestKept), p => Assert.Equal(Math.Abs(p.First) >= threshold ? p.First : 0, p.Second));
    }

    [Fact]
    public void Bfloat16_rounds_to_the_nearest_even()
    {
        float[] values = [1 + (1f / 256), 1 + (3f / 256), 1 + (1f / 256) + (1f / 65536)];

        Assert.Equal([1, 1 + (4f / 256), 1 + (2f / 256)], Through(values, new() { Kind = "bf16" }));
    }

    [Fact]
    public void Error_feedback_loses_nothing_for_good()
    {
        CompressionOptions options = new() { Kind = "top-k", Keep = 0.05 };
        float[] update = Normal(200), residual = [];
        double[] sum = new double[200];
        for (int round = 0; round < 400; round++)
        {
            Compressed compressed = ErrorFeedback.Compress(update, residual, options);
            residual = compressed.Residual;
            sum = [.. sum.Zip(compressed.Decoded, (s, d) => s + d)];
        }

        // All that was sent and what is left is all that there was; and what is left is bounded, not growing.
        Assert.All(Enumerable.Range(0, 200), i => Assert.Equal(400 * update[i], sum[i] + residual[i], 1e-2));
        Assert.True(residual.Max(Math.Abs) < 60 * update.Max(Math.Abs));
    }

    [Theory]
    [InlineData("{\"kind\": \"int4\"}", "compression.kind")]
    [InlineData("{\"kind\": \"top-k\", \"keep\": 0}", "compression.keep")]
    [InlineData("{\"block\": 0}", "compression.block")]
    public void Wrong_option_is_an_error_that_names_it(string json, string key) =>
        Assert.Equal(key, Assert.Throws<SpecException>(() =>
            OrleansDDM.Protocols.Simulation.SimulationPlan.Read("{\"task\": {\"compression\": " + json + "}}")).Key);

    private static float[] Through(float[] values, CompressionOptions options) => UpdateCodec.Decode(UpdateCodec.Encode(values, options), values.Length);

    internal static float[] Normal(int count)
    {
        CounterStream random = new(1, "values");
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.Normal())];
    }
}
