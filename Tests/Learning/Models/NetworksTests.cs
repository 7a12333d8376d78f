using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Models;

public sealed class NetworksTests
{
    private static readonly ModelSpec Dit = new() { Width = 16, Depth = 2, Heads = 2 };
    private static readonly ModelSpec UNet = new() { Kind = "unet", Width = 8, Depth = 2 };
    private static readonly ModelSpec Mlp = new() { Kind = "mlp", Width = 16, Depth = 2 };
    private static readonly ModelShape Shape = new(3, 8, 12, 5);

    public static TheoryData<string> Kinds => new("dit", "unet", "mlp");

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_denoiser_answers_zero_in_the_samples_shape_before_training(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Networks.Denoiser(Spec(kind), Shape);
        using ModelVector vector = ModelVector.Adopt(network);
        Initializer.Fill(vector, 3, "test");
        Assert.True(isfinite(vector.Values).all().item<bool>());
        Tensor output = network.forward(randn(4, 3, 8, 12), rand(4), null);
        Assert.Equal([4L, 3, 8, 12], output.shape);
        Assert.Equal(0f, output.abs().max().item<float>());
    }

    [Theory]
    [InlineData("dit")]
    [InlineData("mlp")]
    public void A_router_answers_one_logit_per_expert(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Networks.Router(Spec(kind), Shape, 6);
        Assert.Equal([4L, 6], network.forward(randn(4, 3, 8, 12), rand(4), null).shape);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_class_condition_and_the_time_change_the_output_once_weights_are_not_zero(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Randomised(Spec(kind) with { ClassConditional = true });
        Tensor x = randn(1, 3, 8, 12).expand(3, 3, 8, 12);
        Tensor output = network.forward(x, tensor(new float[] { 0.3f, 0.3f, 0.7f }), tensor(new long[] { 0, 4, 0 }));
        Assert.True((output[0] - output[1]).abs().max().item<float>() > 1e-4);
        Assert.True((output[0] - output[2]).abs().max().item<float>() > 1e-4);
        Tensor none = network.forward(x, full(3, 0.3f), null);
        Tensor last = network.forward(x, full(3, 0.3f), full(3, 5, int64));
        Assert.True(allclose(none, last));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_sample_does_not_depend_on_its_batch(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Randomised(Spec(kind));
        Tensor x = randn(5, 3, 8, 12);
        Tensor time = rand(5);
        Tensor whole = network.forward(x, time, null);
        for (int i = 0; i < 5; i++)
        {
            Tensor single = network.forward(x.narrow(0, i, 1), time.narrow(0, i, 1), null);
            Assert.True(allclose(whole[i], single[0], 1e-4, 1e-5));
        }
    }

    [Fact]
    public void A_dit_sees_where_a_patch_lies()
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Randomised(Dit);
        Tensor output = network.forward(zeros(1, 3, 8, 12), full(1, 0.5f), null);
        Assert.True((output[0, 0, 0, 0] - output[0, 0, 4, 0]).abs().item<float>() > 1e-4);
        Assert.True((output[0, 0, 0, 0] - output[0, 0, 0, 4]).abs().item<float>() > 1e-4);
    }

    [Fact]
    public void A_spec_that_does_not_fit_the_images_is_refused_by_key()
    {
        Refuses("model.patch", Dit with { Patch = 5 });
        Refuses("model.width", Dit with { Width = 18, Heads = 2 });
        Refuses("model.depth", UNet with { Depth = 4 });
        Refuses("model.width", UNet with { Width = 12 });
        var e = Assert.Throws<SpecException>(() => Networks.Denoiser(Dit with { ClassConditional = true }, Shape with { Classes = 0 }));
        Assert.Equal("model.classConditional", e.Key);
    }

    private static void Refuses(string key, ModelSpec spec) =>
        Assert.Equal(key, Assert.Throws<SpecException>(() => Networks.Denoiser(spec, Shape)).Key);

    private static ModelSpec Spec(string kind) => kind switch { "dit" => Dit, "unet" => UNet, _ => Mlp };

    private static Network Randomised(ModelSpec spec)
    {
        Network network = Networks.Denoiser(spec, Shape);
        using IDisposable noGrad = no_grad();
        foreach (TorchSharp.Modules.Parameter parameter in network.parameters())
        {
            parameter.normal_(0, 0.2, new Generator(5));
        }

        return network;
    }
}
