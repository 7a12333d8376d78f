using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Grains.Sampling;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class SamplePlanTests
{
    private static readonly SampleRequest Request = new() { Run = "run", Count = 3 };

    [Fact]
    public void Classes_of_the_samples_become_the_condition()
    {
        RunStatus run = Run(conditional: true);
        Assert.Equal([2, -1, 0], SamplePlan.For(Request with { Classes = [2, -1, 0] }, run).Condition.Classes!);
        Assert.Equal([1, 1, 1], SamplePlan.For(Request with { Class = 1 }, run).Condition.Classes!);
        Assert.Null(SamplePlan.For(Request, run).Condition.Classes);
    }

    [Theory]
    [InlineData(true, null, new[] { 0, 1 }, "each of the 3 samples")]
    [InlineData(true, null, new[] { 0, 1, 3 }, "0 to 2")]
    [InlineData(true, null, new[] { 0, 1, -2 }, "0 to 2")]
    [InlineData(true, 1, new[] { 0, 1, 2 }, "both")]
    [InlineData(false, null, new[] { 0, 1, 2 }, "without classes")]
    public void Classes_that_do_not_fit_are_refused(bool conditional, int? one, int[] classes, string message)
    {
        BadRequestException e = Assert.Throws<BadRequestException>(
            () => SamplePlan.For(Request with { Class = one, Classes = classes }, Run(conditional)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static RunStatus Run(bool conditional) => new()
    {
        Name = "run",
        Phase = RunPhase.Ready,
        Spec = SpecJson.Canonical(new RunSpec { Experts = new ExpertsSpec { Count = 1 }, Model = new ModelSpec { ClassConditional = conditional } }),
        Data = new DataSummary(1, 8, 8, 3, 100, [1.0], "{}"),
        Models = [],
    };
}
