using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Training;

/// <summary>The module's own answers are the reference; where there is no fused form, both are the same.</summary>
public sealed class NetworkForwardTests
{
    [Theory]
    [InlineData("dit")]
    [InlineData("unet")]
    [InlineData("router")]
    public void Validation_is_the_same_by_the_fused_form(string kind)
    {
        ModelSpec model = kind == "unet" ? new ModelSpec { Kind = "unet", Width = 16, Depth = 2 } : TinyRun.Dit;
        RunSpec spec = TinyRun.Spec(1, model with { ClassConditional = kind != "router" });
        TrainingData data = TinyRun.Data(2);
        ITrainingTask task = kind == "router" ? new RouterTask(spec, data) : new DenoisingTask(spec, data, 0);
        using Network network = kind == "router" ? Networks.Router(spec.Router.Model, data.Shape, 2) : Networks.Denoiser(spec.Model, data.Shape);
        using ModelVector vector = Noisy(network);
        using IFusedNetwork? fused = FusedNetworks.TryCreate(network, vector, batch: 2, threads: 1);
        fused?.Load();
        (string, double)[] expected = [.. task.Validate(new NetworkForward(network, float32, null))];
        (string, double)[] actual = [.. task.Validate(new NetworkForward(network, float32, fused))];
        Assert.Equal(expected.Length, actual.Length);
        foreach (((string name, double value), (string same, double result)) in expected.Zip(actual))
        {
            Assert.Equal(name, same);
            Assert.Equal(value, result, 1e-5 * (1 + value));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_batch_that_is_larger_than_the_fused_forms_is_run_in_parts(int batch)
    {
        using DisposeScope scope = NewDisposeScope();
        var shape = new ModelShape(1, 8, 8, 3);
        using Network network = Networks.Denoiser(new ModelSpec { Kind = "unet", Width = 16, Depth = 2, ClassConditional = true }, shape);
        using ModelVector vector = Noisy(network);
        using IFusedNetwork? fused = FusedNetworks.TryCreate(network, vector, batch, threads: 1);
        fused?.Load();
        Tensor x = rand(5, 1, 8, 8);
        Tensor time = tensor(new[] { 0.1f, 0.3f, 0.5f, 0.7f, 0.9f });
        Tensor classes = tensor(new long[] { 0, 1, 2, 3, 0 });
        Tensor expected = new NetworkForward(network, float32, null).Run(x, time, classes);
        Tensor actual = new NetworkForward(network, float32, fused).Run(x, time, classes);
        Assert.Equal(expected.shape, actual.shape);
        Assert.True((expected - actual).abs().max().item<float>() < 1e-4f);
        Assert.True(expected.abs().max().item<float>() > 0.1f);
    }

    private static ModelVector Noisy(Network network)
    {
        ModelVector vector = ModelVector.Adopt(network);
        var values = new float[vector.Length];
        CounterRandom.Normal(values, 3, "weights", 0, 0);
        using IDisposable noGrad = no_grad();
        using Tensor noise = tensor(values);
        vector.Values.copy_(noise).mul_(0.1f);
        return vector;
    }
}
