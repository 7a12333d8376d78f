using OrleansDDM.Learning.Models;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Models;

public sealed class InitializerTests
{
    [Fact]
    public void Weights_are_a_function_of_seed_and_stream()
    {
        float[] first = Fill(1, "expert-0");
        Assert.Equal(first, Fill(1, "expert-0"));
        Assert.NotEqual(first, Fill(2, "expert-0"));
        Assert.NotEqual(first, Fill(1, "expert-1"));
    }

    [Fact]
    public void Weights_have_the_variance_of_Xavier_and_biases_are_zero()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new DiffusionTransformer(new ModelShape(1, 8, 8, 40), 4, 64, 1, 2);
        using ModelVector vector = ModelVector.Adopt(network);
        Initializer.Fill(vector, 1, "test");
        Tensor up = Part(vector, "blocks.0.up.weight");
        Assert.Equal(2.0 / (64 + 256), up.pow(2).mean().item<float>(), 3e-4);
        Assert.True(up.abs().max().item<float>() <= Math.Sqrt(6.0 / (64 + 256)));
        Assert.Equal(0.02, Part(vector, "time.classes.weight").std().item<float>(), 1e-3);
        Assert.Equal(0f, Part(vector, "blocks.0.up.bias").abs().max().item<float>());
        Assert.Equal(0f, Part(vector, "modulation.weight").abs().max().item<float>());
        Assert.Equal(0f, Part(vector, "head.weight").abs().max().item<float>());
    }

    [Fact]
    public void Norms_keep_scale_one_and_shift_zero()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new UNet(new ModelShape(1, 8, 8, 0), 8, 2);
        using ModelVector vector = ModelVector.Adopt(network);
        Initializer.Fill(vector, 1, "test");
        foreach (Segment segment in vector.Segments.Where(s => s.Role == SegmentRole.Norm))
        {
            float expected = segment.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
            Assert.True(Part(vector, segment.Name).eq(expected).all().item<bool>());
        }
    }

    private static Tensor Part(ModelVector vector, string name)
    {
        Segment segment = vector.Segments.Single(s => s.Name == name);
        return vector.Values.narrow(0, segment.Offset, segment.Length).detach();
    }

    private static float[] Fill(ulong seed, string stream)
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new Perceptron(new ModelShape(2, 1, 1, 3), 16, 2);
        using ModelVector vector = ModelVector.Adopt(network);
        Initializer.Fill(vector, seed, stream);
        return vector.Values.data<float>().ToArray();
    }
}
