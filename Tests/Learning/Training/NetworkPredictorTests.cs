using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Training;

public sealed class NetworkPredictorTests
{
    private static readonly Level Middle = new(0.4, 0.6, 0.4);
    private static readonly ModelShape Shape = new(1, 8, 8, 2);

    [Theory]
    [InlineData("dit")]
    [InlineData("unet")]
    [InlineData("unet8")]
    public void A_batch_of_eight_is_eight_singles(string kind)
    {
        using NetworkPredictor predictor = Expert(kind);
        float[] x = Noise(8);
        int[] classes = [0, 1, -1, 0, 1, -1, 0, 1];
        float[] whole = predictor.Predict(x, 8, Middle, classes);
        Assert.Contains(whole, value => Math.Abs(value) > 0.01);
        for (int i = 0; i < 8; i++)
        {
            Close(whole[(i * 64)..((i + 1) * 64)], predictor.Predict(x[(i * 64)..((i + 1) * 64)], 1, Middle, [classes[i]]));
        }
    }

    [Theory]
    [InlineData("dit")]
    [InlineData("unet")]
    [InlineData("unet8")]
    public void Class_minus_one_is_unconditional_and_other_classes_are_not(string kind)
    {
        using NetworkPredictor predictor = Expert(kind);
        float[] x = Noise(2);
        float[] none = predictor.Predict(x, 2, Middle, null);
        Close(none, predictor.Predict(x, 2, Middle, [-1, -1]));
        float[] conditional = predictor.Predict(x, 2, Middle, [0, 1]);
        Assert.Contains(none.Zip(conditional), pair => Math.Abs(pair.First - pair.Second) > 1e-3);
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Predict(x, 2, Middle, [0, 3]));
    }

    [Fact]
    public void A_router_answers_probabilities()
    {
        RouterSpec spec = new() { Model = TinyRun.Dit };
        using NetworkPredictor predictor = new(
            Networks.Router(spec.Model, Shape, 3), Shape, new FlowSchedule(), null, conditional: false, Weights(Networks.Router(spec.Model, Shape, 3)));
        float[] probabilities = predictor.Predict(Noise(70), 70, Middle, null);
        Assert.Equal(70 * 3, probabilities.Length);
        Assert.All(probabilities, p => Assert.InRange(p, 0, 1));
        Assert.All(probabilities.Chunk(3), row => Assert.Equal(1, row.Sum(), 1e-5));
        Assert.NotEqual(probabilities[0], probabilities[3]);
    }

    [Fact]
    public void The_score_is_the_raw_output_over_sigma()
    {
        float[] x = Noise(1);
        using NetworkPredictor noise = Expert("dit", Parameterization.Eps);
        using NetworkPredictor score = Expert("dit", Parameterization.Score);
        float[] raw = noise.Predict(x, 1, Middle, null);
        Close([.. raw.Select(value => value / 0.4f)], score.Predict(x, 1, Middle, null));
    }

    [Fact]
    public void Weights_of_another_network_are_refused()
    {
        Network Build(int width) => Networks.Denoiser(TinyRun.Dit with { Width = width }, Shape);
        Assert.Throws<InvalidDataException>(() => new NetworkPredictor(
            Build(32), Shape, new FlowSchedule(), Parameterization.Flow, false, Weights(Build(16))));
        Assert.Throws<InvalidDataException>(() => new NetworkPredictor(Build(16), Shape, new FlowSchedule(), Parameterization.Flow, false, [1, 2, 3]));
    }

    private static NetworkPredictor Expert(string kind, Parameterization parameterization = Parameterization.Flow)
    {
        ModelSpec spec = kind switch
        {
            "unet" => new ModelSpec { Kind = "unet", Width = 16, Depth = 2 },
            "unet8" => new ModelSpec { Kind = "unet", Width = 8, Depth = 2 },
            _ => TinyRun.Dit,
        };
        spec = spec with { ClassConditional = true };
        return new NetworkPredictor(
            Networks.Denoiser(spec, Shape), Shape, new FlowSchedule(), parameterization, conditional: true, Weights(Networks.Denoiser(spec, Shape)));
    }

    // Random values everywhere: fresh networks answer 0.
    private static byte[] Weights(Network network)
    {
        using Network owned = network;
        using ModelVector vector = ModelVector.Adopt(network);
        return SafetensorsWriter.Write(vector.Segments.Select((segment, i) =>
        {
            var values = new float[segment.Length];
            CounterRandom.Normal(values, 1, "weights", (ulong)i, 0);
            return SafetensorsEntry.Of(segment.Name, segment.Shape, [.. values.Select(v => 0.2f * v)]);
        }));
    }

    private static float[] Noise(int count)
    {
        var x = new float[count * 64];
        CounterRandom.Normal(x, 2, "x", 0, 0);
        return x;
    }

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-5 * (1 + Math.Abs(expected[i])));
        }
    }
}
