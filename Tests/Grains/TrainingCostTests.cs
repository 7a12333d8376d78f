using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class TrainingCostTests
{
    [Theory]
    [InlineData("fashion-mnist")]
    [InlineData("cifar-10")]
    [InlineData("digits")]
    public void Router_of_a_preset_is_a_small_part_of_an_expert(string data)
    {
        RunSpec spec = Presets.For(data);
        Assert.InRange(TrainingCost.Of(spec, ModelRole.Router) / TrainingCost.Of(spec, ModelRole.Expert(0)), 0.001, 0.5);
    }

    [Fact]
    public void Cost_grows_with_steps_and_falls_with_the_number_of_experts()
    {
        RunSpec spec = Presets.For("mnist");
        double cost = TrainingCost.Of(spec, ModelRole.Expert(0));
        Assert.Equal(2 * cost, TrainingCost.Of(spec with { Training = spec.Training with { Steps = 2 * spec.Training.Steps } }, ModelRole.Expert(0)), 1e-6 * cost);
        Assert.Equal(cost / 2, TrainingCost.Of(spec with { Experts = new ExpertsSpec { Count = 8 } }, ModelRole.Expert(0)), 1e-6 * cost);
    }
}
