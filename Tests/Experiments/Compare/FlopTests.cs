using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Compare;

public sealed class FlopTests
{
    private static readonly ModelShape Fashion = new(1, 28, 28, 10);

    [Fact]
    public void Transformer_costs_what_a_hand_count_says()
    {
        // T = 49 tokens, d = 64, 4 blocks; weights per token 12 d^2 = 49152, modulation 6 d^2 = 24576, 16 pixels a patch.
        const double blocks = 4 * ((2 * 49 * 49_152) + (2 * 2 * 49 * 49 * 64) + (2 * 24_576));
        const double patches = 2 * (2 * 49 * 16 * 64);
        const double conditioning = (2 * 64 * 128) + (2 * 32 * 64) + (2 * 64 * 64);
        Assert.Equal(
            blocks + patches + conditioning,
            ModelFlops.Denoiser(new ModelSpec { Kind = "dit", Patch = 4, Width = 64, Depth = 4, Heads = 4 }, Fashion));
    }

    [Fact]
    public void Router_has_logits_in_place_of_patches()
    {
        var model = new ModelSpec { Kind = "dit", Patch = 4, Width = 32, Depth = 2 };
        const double patches = 2 * 49 * 16 * 32;
        Assert.Equal(ModelFlops.Denoiser(model, Fashion) - patches + (2 * 32 * 8), ModelFlops.Router(model, Fashion, 8));
        Assert.Equal(2 * 32, ModelFlops.Router(model, Fashion, 9) - ModelFlops.Router(model, Fashion, 8));
    }

    [Fact]
    public void Unet_of_one_level_costs_what_a_hand_count_says()
    {
        // 8 channels at 16 x 16; embedding 32 wide from 2 x 8 sinusoids; blocks 8 to 8, 8 to 8 and 16 to 8, the last with a 1 x 1 skip.
        const double block = (2 * 9 * 8 * 8 * 256 * 2) + (2 * 32 * 8);
        const double last = (2 * 9 * 16 * 8 * 256) + (2 * 9 * 8 * 8 * 256) + (2 * 32 * 8) + (2 * 16 * 8 * 256);
        const double ends = 2 * (2 * 9 * 1 * 8 * 256);
        const double time = (2 * 16 * 32) + (2 * 32 * 32);
        Assert.Equal(
            block + block + last + ends + time,
            ModelFlops.Denoiser(new ModelSpec { Kind = "unet", Width = 8, Depth = 1 }, new ModelShape(1, 16, 16, 0)));
    }

    [Fact]
    public void Perceptron_costs_what_a_hand_count_says() =>
        Assert.Equal(
            (2 * 2 * 48) + (3 * 2 * 48 * 48) + (2 * 48 * 2) + (2 * 24 * 48) + (2 * 48 * 48),
            ModelFlops.Denoiser(new ModelSpec { Kind = "mlp", Width = 48, Depth = 3 }, new ModelShape(2, 1, 1, 0)));

    [Theory]
    [InlineData("dit")]
    [InlineData("unet")]
    [InlineData("mlp")]
    public void Every_weight_matrix_is_counted_where_each_is_used_once_or_more(string kind)
    {
        var model = new ModelSpec { Kind = kind, Patch = 8, Width = 16, Depth = 2, Heads = 2 };
        var shape = new ModelShape(1, 8, 8, 0);
        using Network network = Networks.Denoiser(model, shape);

        // An image of one token: each matrix multiplies once, convolutions as often as there are pixels.
        double least = network.named_parameters().Where(p => p.parameter.shape.Length > 1).Sum(p => 2.0 * p.parameter.numel());
        double attention = kind == "dit" ? 2 * 4 * 16 : 0;
        double counted = ModelFlops.Denoiser(model, shape);
        if (kind == "unet")
        {
            Assert.InRange(counted, least, least * 64);
        }
        else
        {
            Assert.Equal(least + attention, counted);
        }
    }

    [Fact]
    public void Training_counts_three_passes_of_experts_and_router()
    {
        RunSpec spec = MadeUp.Spec with { Experts = new ExpertsSpec { Count = 4 } };
        TrainingFlops flops = TrainingFlops.Of(spec, MadeUp.Shape);
        Assert.Equal(3 * ModelFlops.Denoiser(spec.Model, MadeUp.Shape) * 16 * 4 * 100, flops.Experts, 1e-6 * flops.Experts);
        Assert.Equal(3 * ModelFlops.Router(spec.Router.Model, MadeUp.Shape, 4) * 64 * 25, flops.Router, 1e-6 * flops.Router);
    }

    [Fact]
    public void Heun_asks_once_in_its_last_step_and_guidance_twice_each_time()
    {
        var spec = new RunSpec { Experts = new ExpertsSpec { Count = 4 }, Sampling = new SamplingSpec { Scheduler = "heun", Steps = 10 } };
        Assert.Equal(19 * (1000 + 100), CompareRules.SamplingFlops("top-1", spec, 1000, 100));
        RunSpec guided = spec with { Model = spec.Model with { ClassConditional = true }, Sampling = spec.Sampling with { Guidance = 3 } };
        Assert.Equal(2 * 19 * (1000 + 100), CompareRules.SamplingFlops("top-1", guided, 1000, 100));
        Assert.Equal((50 * 1000) + (2 * 19 * 100), CompareRules.SamplingFlops("nucleus-0.9", guided, 19, 50, 1000, 100));
    }

    [Theory]
    [InlineData("euler")]
    [InlineData("heun")]
    public void A_monolith_of_equal_cost_pays_as_much_as_top_1_with_its_router(string scheduler)
    {
        foreach (int steps in new[] { 1, 7, 40 })
        {
            var sampling = new SamplingSpec { Scheduler = scheduler, Steps = steps };
            RunSpec ensemble = new() { Experts = new ExpertsSpec { Count = 4 }, Sampling = sampling };
            SamplingSpec more = CompareRules.OfEqualCost(sampling, 1000, 143);
            double top1 = CompareRules.SamplingFlops("top-1", ensemble, 1000, 143);
            Assert.True(1000.0 * CompareRules.SolverEvaluations(more) >= top1);
            Assert.True(1000.0 * CompareRules.SolverEvaluations(more with { Steps = more.Steps - 1 }) < top1);
            Assert.Equal(sampling, CompareRules.OfEqualCost(sampling, 1000, 0));
        }
    }

    [Theory]
    [InlineData("full", 4, 4.0)]
    [InlineData("top-2", 4, 2.0)]
    [InlineData("top-1", 1, 1.0)]
    [InlineData("sticky-prior", 4, 1.0)]
    [InlineData("threshold-0.05", 4, 4.0)]
    public void Rules_ask_that_many_experts(string rule, int experts, double active) =>
        Assert.Equal(active, CompareRules.ActiveExperts(rule, experts));
}
