using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Tests.Learning.Diffusion;

/// <summary>A ring of eight Gaussians in the plane, split among four exact experts by angle, with unequal masses.</summary>
internal sealed class AnalyticEnsemble
{
    private static readonly int[][] Clusters = [[0, 1], [2, 3], [4, 5], [6, 7]];

    public AnalyticEnsemble(ExpertContract? contract = null)
    {
        contract ??= new ExpertContract(NoiseSchedules.Flow, Parameterization.Flow);
        double[] weights = [.05, .1, .15, .2, .08, .12, .2, .1];
        double[][] means = [.. Enumerable.Range(0, 8).Select(i => new[] { 2 * Math.Cos(Math.Tau * i / 8), 2 * Math.Sin(Math.Tau * i / 8) })];
        double[] deviations = [.3, .25, .3, .2, .3, .35, .3, .25];
        Data = new GaussianMixture(weights, means, deviations);
        Parts = [.. Clusters.Select(Data.Subset)];
        Experts = [.. Parts.Select(p => new GaussianMixtureExpert<double>(p, contract))];
        Router = new EvidenceRouter<double>(Experts, [.. Parts.Select(p => p.Mass)]);
    }

    public GaussianMixture Data { get; }

    public GaussianMixture[] Parts { get; }

    public GaussianMixtureExpert<double>[] Experts { get; }

    public EvidenceRouter<double> Router { get; }

    public double[] Priors => [.. Parts.Select(p => p.Mass)];

    public EnsembleDenoiser<double> With(string rule, EnsembleOptions? options = null) =>
        new(Router, Experts, MixingRules.Parse(rule, Priors), options);

    /// <summary>Points over the plane, wider than the data.</summary>
    public static State<double> Points(int count, ulong seed = 1)
    {
        double[] values = new double[count * 2];
        CounterRandom.Normal<double>(values, seed, "test-points", 0, 0);
        return StateMath.Scale(State<double>.Of([count, 2], values), 1.5);
    }

    public static MixingContext Context(int batch, int step = 0, bool[]? alive = null) => new()
    {
        SampleIds = [.. Enumerable.Range(0, batch).Select(i => (ulong)i)],
        Seed = 11,
        Step = step,
        Alive = alive,
    };

    public static State<double> Velocity(State<double> x, State<double> x0, Level level) =>
        Parameterizations.FromX0(Parameterization.Flow, x, x0, level);

    public static double MaxDifference(State<double> x, State<double> y) =>
        x.Arrays.Zip(y.Arrays).Max(p => p.First.Values.Zip(p.Second.Values).Max(v => Math.Abs(v.First - v.Second)));
}
