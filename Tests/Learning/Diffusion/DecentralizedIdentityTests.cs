using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

using Xunit;

namespace OrleansDDM.Tests.Learning.Diffusion;

/// <summary>The identity of decentralized flow matching (arXiv 2501.05450, eq. 1-8), on data where everything is exact.</summary>
public class DecentralizedIdentityTests
{
    private const int Batch = 64;
    private static readonly double[] Times = [.02, .1, .35, .6, .9, 1];

    [Fact]
    public async Task Full_mix_of_experts_is_the_monolith()
    {
        var ensemble = new AnalyticEnsemble();
        await AssertVelocity(ensemble.With("full"), ensemble.Data, alive: null);
    }

    [Fact]
    public async Task Ensemble_without_a_dead_expert_is_the_monolith_of_the_remaining_data()
    {
        var ensemble = new AnalyticEnsemble();
        GaussianMixture remaining = ensemble.Data.Subset([0, 1, 4, 5, 6, 7]);
        await AssertVelocity(ensemble.With("full"), remaining, [true, false, true, true]);
    }

    [Fact]
    public async Task Router_of_another_prior_gives_the_monolith_of_reweighted_data()
    {
        var ensemble = new AnalyticEnsemble();
        double[] balanced = [.25, .25, .25, .25];
        double[] weights = [.05, .1, .15, .2, .08, .12, .2, .1];
        var reweighted = new GaussianMixture(
            [.. weights.Select((w, c) => w / ensemble.Priors[c / 2] * balanced[c / 2])],
            [.. Enumerable.Range(0, 8).Select(i => new[] { 2 * Math.Cos(Math.Tau * i / 8), 2 * Math.Sin(Math.Tau * i / 8) })],
            [.3, .25, .3, .2, .3, .35, .3, .25]);
        var router = new EvidenceRouter<double>(ensemble.Experts, balanced);
        await AssertVelocity(new EnsembleDenoiser<double>(router, ensemble.Experts, MixingRules.Parse("full")), reweighted, alive: null);
    }

    [Theory]
    [InlineData("vp-cosine", "eps")]
    [InlineData("vp-cosine", "v")]
    [InlineData("edm", "x0")]
    [InlineData("edm", "score")]
    [InlineData("flow", "eps")]
    public async Task Experts_of_another_objective_match_at_equal_log_snr(string schedule, string parameterization)
    {
        var contract = new ExpertContract(NoiseSchedules.Parse(schedule), Parameterizations.Parse(parameterization));
        EnsembleDenoiser<double> foreign = new AnalyticEnsemble(contract).With("full");
        var native = new AnalyticEnsemble();
        foreach (double t in new[] { .02, .3, .6, .98 })
        {
            Level level = NoiseSchedules.Flow.At(t);
            State<double> x = AnalyticEnsemble.Points(Batch);
            State<double> velocity = AnalyticEnsemble.Velocity(x, await X0(foreign, x, level), level);
            Assert.InRange(AnalyticEnsemble.MaxDifference(Monolith(native.Data, x, level), velocity), 0, 1e-9);
        }
    }

    [Fact]
    public async Task Mixed_objectives_in_one_ensemble_are_still_exact()
    {
        var native = new AnalyticEnsemble();
        ExpertContract[] contracts =
        [
            new(NoiseSchedules.VpCosine, Parameterization.Eps),
            new(NoiseSchedules.Flow, Parameterization.Flow),
            new(NoiseSchedules.Edm, Parameterization.X0),
            new(NoiseSchedules.VpCosine, Parameterization.V),
        ];
        GaussianMixtureExpert<double>[] experts = [.. native.Parts.Zip(contracts, (p, c) => new GaussianMixtureExpert<double>(p, c))];
        var ensemble = new EnsembleDenoiser<double>(native.Router, experts, MixingRules.Parse("full"));
        Level level = NoiseSchedules.Flow.At(.5);
        State<double> x = AnalyticEnsemble.Points(Batch);
        State<double> velocity = AnalyticEnsemble.Velocity(x, await X0(ensemble, x, level), level);
        Assert.InRange(AnalyticEnsemble.MaxDifference(Monolith(native.Data, x, level), velocity), 0, 1e-9);
    }

    [Fact]
    public async Task Foreign_expert_at_the_same_time_instead_is_wrong()
    {
        var contract = new ExpertContract(NoiseSchedules.VpCosine, Parameterization.Eps);
        var ensemble = new AnalyticEnsemble(contract);
        var expert = new GaussianMixtureExpert<double>(ensemble.Data, contract);
        Level level = NoiseSchedules.Flow.At(.5);
        State<double> x = AnalyticEnsemble.Points(Batch);
        State<double> eps = await expert.PredictAsync(x, NoiseSchedules.VpCosine.At(.5), Condition.None);
        State<double> wrong = AnalyticEnsemble.Velocity(x, Parameterizations.ToX0(Parameterization.Eps, x, eps, level), level);
        Assert.True(AnalyticEnsemble.MaxDifference(Monolith(ensemble.Data, x, level), wrong) > 0.5);
    }

    [Fact]
    public async Task Eps_expert_at_the_noise_end_stays_finite_and_near_the_truth()
    {
        var ensemble = new AnalyticEnsemble(new ExpertContract(NoiseSchedules.VpCosine, Parameterization.Eps));
        State<double> x = AnalyticEnsemble.Points(Batch);
        Level level = NoiseSchedules.Flow.At(1);
        State<double> velocity = AnalyticEnsemble.Velocity(x, await X0(ensemble.With("full"), x, level), level);
        Assert.InRange(AnalyticEnsemble.MaxDifference(Monolith(ensemble.Data, x, level), velocity), 0, 0.05);
    }

    [Fact]
    public async Task Top_1_is_not_the_monolith()
    {
        var ensemble = new AnalyticEnsemble();
        State<double> x = AnalyticEnsemble.Points(Batch);
        Level level = NoiseSchedules.Flow.At(.8);
        State<double> velocity = AnalyticEnsemble.Velocity(x, await X0(ensemble.With("top-1"), x, level), level);
        Assert.True(AnalyticEnsemble.MaxDifference(Monolith(ensemble.Data, x, level), velocity) > 0.5);
    }

    [Fact]
    public async Task Order_and_duplicates_of_experts_do_not_matter()
    {
        var ensemble = new AnalyticEnsemble();
        State<double> x = AnalyticEnsemble.Points(Batch);
        Level level = NoiseSchedules.Flow.At(.7);
        State<double> plain = await X0(ensemble.With("full"), x, level);
        int[] order = [3, 1, 0, 2, 1];
        GaussianMixtureExpert<double>[] experts = [.. order.Select(k => ensemble.Experts[k])];
        double[] masses = [.. order.Select(k => ensemble.Priors[k] * (k == 1 ? .5 : 1))];
        var shuffled = new EnsembleDenoiser<double>(new EvidenceRouter<double>(experts, masses), experts, MixingRules.Parse("full"));
        Assert.InRange(AnalyticEnsemble.MaxDifference(plain, await X0(shuffled, x, level)), 0, 1e-12);
    }

    [Fact]
    public async Task Identical_experts_are_one_expert()
    {
        var ensemble = new AnalyticEnsemble();
        IExpert<double>[] copies = [.. Enumerable.Repeat(ensemble.Experts[2], 4)];
        var router = new EvidenceRouter<double>([.. copies.Cast<ILogEvidence<double>>()], [1, 1, 1, 1]);
        State<double> x = AnalyticEnsemble.Points(Batch);
        Level level = NoiseSchedules.Flow.At(.7);
        State<double> many = await X0(new EnsembleDenoiser<double>(router, copies, MixingRules.Parse("full")), x, level);
        State<double> one = await X0(new EnsembleDenoiser<double>(null, [copies[0]], MixingRules.Parse("full")), x, level);
        Assert.Equal(one["x"].Values, many["x"].Values);
    }

    private static async Task AssertVelocity(EnsembleDenoiser<double> ensemble, GaussianMixture data, bool[]? alive)
    {
        State<double> x = AnalyticEnsemble.Points(Batch);
        foreach (double t in Times)
        {
            Level level = NoiseSchedules.Flow.At(t);
            Denoised<double> mixed = await ensemble.DenoiseAsync(x, level, Condition.None, AnalyticEnsemble.Context(Batch, alive: alive));
            State<double> velocity = AnalyticEnsemble.Velocity(x, mixed.X0, level);
            Assert.InRange(AnalyticEnsemble.MaxDifference(Monolith(data, x, level), velocity), 0, 1e-10);
        }
    }

    // u = (x - E[x0 | x]) / t on the flow path.
    private static State<double> Monolith(GaussianMixture data, State<double> x, Level level)
    {
        double[] values = new double[x.Batch * 2];
        double[] x0 = new double[2];
        for (int b = 0; b < x.Batch; b++)
        {
            ReadOnlySpan<double> row = x["x"].Values.AsSpan(2 * b, 2);
            data.PosteriorMean(row, level, x0);
            values[2 * b] = (row[0] - x0[0]) / level.Sigma;
            values[(2 * b) + 1] = (row[1] - x0[1]) / level.Sigma;
        }

        return State<double>.Of([x.Batch, 2], values);
    }

    private static async Task<State<double>> X0(EnsembleDenoiser<double> ensemble, State<double> x, Level level) =>
        (await ensemble.DenoiseAsync(x, level, Condition.None, AnalyticEnsemble.Context(x.Batch))).X0;
}
