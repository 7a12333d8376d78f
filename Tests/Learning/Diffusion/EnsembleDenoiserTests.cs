using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

using Xunit;

namespace OrleansDDM.Tests.Learning.Diffusion;

public class EnsembleDenoiserTests
{
    private static readonly Level Level = NoiseSchedules.Flow.At(.5);

    [Fact]
    public async Task Only_the_experts_needed_are_asked_and_only_for_their_samples()
    {
        StubExpert[] experts = [new(1), new(2), new(4)];
        var ensemble = new EnsembleDenoiser<double>(new StubRouter([.6, .3, .1], [.1, .8, .1]), experts, MixingRules.Parse("top-1"));
        Denoised<double> answer = await Ask(ensemble, 5);
        Assert.Equal([1, 2, 1, 2, 1], answer.X0["x"].Values);
        Assert.Equal([3], experts[0].Batches);
        Assert.Equal([2], experts[1].Batches);
        Assert.Empty(experts[2].Batches);
        Assert.Equal(5, answer.Report.Evaluations);
        Assert.Equal([0], answer.Report.Experts[0]);
        Assert.Equal([1], answer.Report.Experts[1]);
        AssertClose([.6, .4, 0], answer.Report.MeanWeights);
        AssertClose([.4, .2, .4, .2, .4], answer.Report.Dropped);
    }

    [Fact]
    public async Task Clipping_comes_after_mixing()
    {
        // clip(mix) = clip(.5 * 3 + .5 * -.5) = 1; mix(clip) would be .25.
        var ensemble = new EnsembleDenoiser<double>(
            new StubRouter([.5, .5]), [new StubExpert(3), new StubExpert(-.5)], MixingRules.Parse("full"), new EnsembleOptions { Clip = true });
        Assert.Equal(1, (await Ask(ensemble, 1)).X0["x"].Values[0]);
    }

    [Fact]
    public async Task Guidance_comes_after_mixing_and_before_clipping()
    {
        StubExpert[] experts = [new(-2), new(0)];
        var options = new EnsembleOptions { Guidance = 2.5 };
        var ensemble = new EnsembleDenoiser<double>(new StubRouter([.25, .75]), experts, MixingRules.Parse("full"), options);

        // Conditional: -.5 + class; unconditional: -.5 - 1. Guided: u + 2.5 (c - u).
        Denoised<double> answer = await Ask(ensemble, 2, [0, 3]);
        AssertClose([-1.5 + (2.5 * 1), -1.5 + (2.5 * 4)], answer.X0["x"].Values);
        Assert.Equal([4], experts[0].Batches);
        Assert.Equal(8, answer.Report.Evaluations);
        Assert.Equal(2, answer.Report.Experts.Length);

        var clipped = new EnsembleDenoiser<double>(new StubRouter([.25, .75]), experts, MixingRules.Parse("full"), options with { Clip = true });
        AssertClose([1, 1], (await Ask(clipped, 2, [0, 3])).X0["x"].Values);
    }

    [Theory]
    [InlineData(1, 2.5)]
    [InlineData(0, .5)]
    public async Task Guidance_of_one_or_zero_costs_one_pass(double weight, double expected)
    {
        StubExpert[] experts = [new(.5)];
        var ensemble = new EnsembleDenoiser<double>(null, experts, MixingRules.Parse("full"), new EnsembleOptions { Guidance = weight });
        Denoised<double> answer = await Ask(ensemble, 1, [2]);
        Assert.Equal([expected], answer.X0["x"].Values);
        Assert.Equal([1], experts[0].Batches);
    }

    [Fact]
    public async Task Order_of_arrival_changes_no_bit()
    {
        var slow = new TaskCompletionSource();
        StubExpert[] experts = [new(.1) { Gate = slow.Task }, new(.2), new(.7)];
        var ensemble = new EnsembleDenoiser<double>(new StubRouter([.3, .3, .4]), experts, MixingRules.Parse("full"));
        ValueTask<Denoised<double>> late = Ask(ensemble, 1);
        Assert.All(experts, e => Assert.Single(e.Batches)); // all asked before the first has answered
        slow.SetResult();
        Assert.Equal((await Ask(ensemble, 1)).X0["x"].Values, (await late).X0["x"].Values);
    }

    [Fact]
    public async Task Failing_expert_is_left_out_and_reported()
    {
        StubExpert[] experts = [new(1), new(2) { Failure = new ExpertUnavailableException("Silo 2 is down.") }, new(4)];
        var router = new StubRouter([.5, .25, .25]);
        var tolerant = new EnsembleDenoiser<double>(router, experts, MixingRules.Parse("full"), new EnsembleOptions { TolerateFailures = true });
        Denoised<double> answer = await Ask(tolerant, 2);
        AssertClose([2, 2], answer.X0["x"].Values);
        Assert.Equal([1], answer.Report.Failed);
        AssertClose([.25, .25], answer.Report.Dead);
        Assert.Equal([2], experts[0].Batches); // its answer is kept when the plan changes
        Assert.Equal(1, router.Calls);

        var strict = new EnsembleDenoiser<double>(router, experts, MixingRules.Parse("full"));
        await Assert.ThrowsAsync<ExpertUnavailableException>(() => Ask(strict, 2).AsTask());
    }

    [Fact]
    public async Task Second_choice_is_asked_when_the_first_fails()
    {
        StubExpert[] experts = [new(1) { Failure = new ExpertUnavailableException("down") }, new(2), new(4)];
        var ensemble = new EnsembleDenoiser<double>(
            new StubRouter([.6, .3, .1], [.1, .8, .1]), experts, MixingRules.Parse("top-1"), new EnsembleOptions { TolerateFailures = true });
        Denoised<double> answer = await Ask(ensemble, 2);
        Assert.Equal([2, 2], answer.X0["x"].Values);
        Assert.Equal([1, 2], experts[1].Batches); // one sample at first, both in the new plan
    }

    [Fact]
    public async Task All_experts_failing_is_an_error()
    {
        StubExpert[] experts = [new(1) { Failure = new ExpertUnavailableException("a") }, new(2) { Failure = new ExpertUnavailableException("b") }];
        var ensemble = new EnsembleDenoiser<double>(
            new StubRouter([.5, .5]), experts, MixingRules.Parse("full"), new EnsembleOptions { TolerateFailures = true });
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ask(ensemble, 1).AsTask());
    }

    [Theory]
    [InlineData("full")]
    [InlineData("top-2")]
    [InlineData("sample-2")]
    [InlineData("threshold-0.5")]
    [InlineData("nucleus-0.5")]
    public void Averaging_is_refused_where_a_contract_forbids_it(string rule)
    {
        IExpert<double>[] experts = [new StubExpert(1), new StubExpert(2, MixRule.None)];
        Assert.Contains("expert 1", Assert.Throws<InvalidOperationException>(
            () => new EnsembleDenoiser<double>(new StubRouter([.5, .5]), experts, MixingRules.Parse(rule))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("top-1")]
    [InlineData("sample-1")]
    [InlineData("sticky-prior")]
    [InlineData("oracle")]
    public async Task One_expert_per_sample_is_allowed_whatever_the_contract(string rule)
    {
        IExpert<double>[] experts = [new StubExpert(1, MixRule.None), new StubExpert(2, MixRule.None)];
        var ensemble = new EnsembleDenoiser<double>(new StubRouter([.5, .5]), experts, MixingRules.Parse(rule, [.5, .5]));
        Denoised<double> answer = await ensemble.DenoiseAsync(
            State<double>.Of([2, 1], [0, 0]), Level, Condition.None, AnalyticEnsemble.Context(2) with { Labels = [1, 0] });
        Assert.All(answer.X0["x"].Values, v => Assert.Contains(v, new double[] { 1, 2 }));
        Assert.Throws<InvalidOperationException>(() => new EnsembleDenoiser<double>(
            new StubRouter([.5, .5]), experts, MixingRules.Parse(rule, [.5, .5]), new EnsembleOptions { Guidance = 2 }));
    }

    [Fact]
    public async Task Nan_from_an_expert_stops_with_its_name()
    {
        var ensemble = new EnsembleDenoiser<double>(
            new StubRouter([.5, .5]), [new StubExpert(1), new StubExpert(double.NaN)], MixingRules.Parse("full"));
        ArithmeticException error = await Assert.ThrowsAsync<ArithmeticException>(() => Ask(ensemble, 1).AsTask());
        Assert.Contains("Expert 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sizes_that_do_not_match_are_refused()
    {
        StubExpert[] experts = [new(1), new(2)];
        Assert.Throws<ArgumentException>(() => new EnsembleDenoiser<double>(null, experts, MixingRules.Parse("full")));
        Assert.Throws<ArgumentException>(() => new EnsembleDenoiser<double>(new StubRouter([1, 0, 0]), experts, MixingRules.Parse("full")));
        Assert.Throws<ArgumentException>(() => new EnsembleDenoiser<double>(null, [], MixingRules.Parse("full")));
        var ensemble = new EnsembleDenoiser<double>(new StubRouter([.5, .5]), experts, MixingRules.Parse("full"));
        State<double> x = State<double>.Of([2, 1], [0, 0]);
        await Assert.ThrowsAsync<ArgumentException>(() => ensemble.DenoiseAsync(x, Level, Condition.None, AnalyticEnsemble.Context(3)).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => ensemble.DenoiseAsync(x, Level, new([1]), AnalyticEnsemble.Context(2)).AsTask());
    }

    private static ValueTask<Denoised<double>> Ask(EnsembleDenoiser<double> ensemble, int batch, int[]? classes = null) =>
        ensemble.DenoiseAsync(State<double>.Of([batch, 1], new double[batch]), Level, new Condition(classes), AnalyticEnsemble.Context(batch));

    private static void AssertClose(double[] expected, double[] actual) => Assert.All(expected.Zip(actual), p => Assert.Equal(p.First, p.Second, 12));
}
