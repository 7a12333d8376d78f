using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Models;

public sealed class ModelMemoryTests
{
    private static readonly ModelShape Shape = new(3, 16, 16, 7);

    public static TheoryData<string, int, int, bool, int> Networks_of_all_kinds => new()
    {
        { "dit", 32, 2, false, 0 }, { "dit", 64, 3, true, 0 }, { "dit", 32, 1, false, 5 }, { "unet", 16, 1, false, 0 }, { "unet", 8, 3, true, 0 },
        { "unet", 16, 4, false, 0 }, { "mlp", 24, 3, false, 0 }, { "mlp", 128, 2, true, 0 }, { "mlp", 32, 1, false, 4 },
    };

    [Theory]
    [MemberData(nameof(Networks_of_all_kinds))]
    public void Parameters_are_those_of_the_network(string kind, int width, int depth, bool conditional, int logits)
    {
        ModelSpec spec = Spec(kind, width, depth, conditional);
        using Network network = logits > 0 ? Networks.Router(spec, Shape, logits) : Networks.Denoiser(spec, Shape);
        Assert.Equal(network.parameters().Sum(p => p.numel()), ModelMemory.Parameters(spec, Shape, logits));
    }

    [Theory]
    [InlineData("dit")]
    [InlineData("unet")]
    [InlineData("mlp")]
    public void Training_takes_more_with_more_parameters_and_in_proportion_to_the_batch(string kind)
    {
        ModelSpec spec = Spec(kind, 32, 2, false);
        long none = ModelMemory.Training(spec, Shape, 0), one = ModelMemory.Training(spec, Shape, 1000), two = ModelMemory.Training(spec, Shape, 2000);
        Assert.InRange(none, 7 * sizeof(float) * ModelMemory.Parameters(spec, Shape), long.MaxValue);
        Assert.InRange(one, none + 1, long.MaxValue);
        Assert.InRange(two - one - (one - none), -8, 8);
        Assert.InRange(ModelMemory.Training(Spec(kind, 64, 2, false), Shape, 1000), one + 1, long.MaxValue);
    }

    [Fact]
    public void Another_kind_is_refused_by_name() =>
        Assert.Equal("model.kind", Assert.Throws<SpecException>(() => ModelMemory.Parameters(Spec("rnn", 8, 1, false), Shape)).Key);

    private static ModelSpec Spec(string kind, int width, int depth, bool conditional) =>
        new() { Kind = kind, Width = width, Depth = depth, Patch = 4, Heads = 4, ClassConditional = conditional };
}
