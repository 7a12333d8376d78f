using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

public sealed class ArtifactLimitsTests
{
    [Theory]
    [InlineData("dit", 64, 4, 28)]
    [InlineData("dit", 16, 1, 8)]
    [InlineData("dit", 64, 2, 64)]
    [InlineData("unet", 16, 3, 32)]
    [InlineData("unet", 32, 2, 64)]
    [InlineData("mlp", 128, 3, 32)]
    public void No_checkpoint_of_a_real_model_is_above_the_limit(string kind, int width, int depth, int side)
    {
        var model = new ModelSpec { Kind = kind, Width = width, Depth = depth, Patch = 4, Heads = 2, ClassConditional = true };
        RunSpec spec = new() { Model = model };
        using Network network = Networks.Denoiser(model, new ModelShape(3, side, side, 100));
        long parameters = network.parameters().Sum(p => p.numel());
        Assert.InRange(16 * parameters, 1, ArtifactLimits.Of(spec, ModelRole.Expert(0)));
        Assert.True(ArtifactLimits.Of(spec, ModelRole.Expert(0)) < 8L << 30);
    }
}
