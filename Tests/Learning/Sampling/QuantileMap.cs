using MathNet.Numerics;

using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Tests.Learning.Sampling;

/// <summary>A one-dimensional mixture, whose probability-flow ODE has the exact solution x_t = F_t^-1(F_s(x_s)).</summary>
internal static class QuantileMap
{
    private static readonly double[] Weights = [.3, .4, .3];
    private static readonly double[] Means = [-1.5, .4, 2];
    private static readonly double[] Deviations = [.35, .5, .3];

    public static GaussianMixture Data { get; } = new(Weights, [.. Means.Select(m => new[] { m })], Deviations);

    public static double Cdf(double x, Level level) => Enumerable.Range(0, 3).Sum(c =>
    {
        double deviation = Math.Sqrt(Math.Pow(level.Alpha * Deviations[c], 2) + (level.Sigma * level.Sigma));
        return Weights[c] * 0.5 * SpecialFunctions.Erfc((level.Alpha * Means[c] - x) / (deviation * Math.Sqrt(2)));
    });

    public static double Quantile(double p, Level level)
    {
        (double low, double high) = (-20, 20);
        for (int i = 0; i < 100; i++)
        {
            double middle = 0.5 * (low + high);
            (low, high) = Cdf(middle, level) < p ? (middle, high) : (low, middle);
        }

        return 0.5 * (low + high);
    }

    /// <summary>Levels of a variance-preserving path, uniform in lambda.</summary>
    public static Level[] Grid(int steps, double from = -3, double to = 2.5) => [.. Enumerable.Range(0, steps + 1).Select(i =>
    {
        double lambda = from + ((to - from) * i / steps);
        return new Level(NoiseSchedules.VpCosine.TimeOf(lambda), 1 / Math.Sqrt(1 + Math.Exp(-2 * lambda)), 1 / Math.Sqrt(1 + Math.Exp(2 * lambda)));
    })];

    public static State<double> X0(State<double> x, Level level) => X0(Data, x, level);

    public static State<double> X0(GaussianMixture data, State<double> x, Level level)
    {
        double[] x0 = new double[x.Batch];
        for (int b = 0; b < x.Batch; b++)
        {
            data.PosteriorMean(x["x"].Values.AsSpan(b, 1), level, x0.AsSpan(b, 1));
        }

        return State<double>.Of([x.Batch, 1], x0);
    }

    /// <summary>Runs a scheduler with a denoiser; returns the end and the number of evaluations.</summary>
    public static (double[] X, int Evaluations) Run(
        IScheduler<double> scheduler, double[] start, Level[] grid, Func<State<double>, Level, State<double>> denoiser)
    {
        SolverState<double> state = scheduler.Begin(
            State<double>.Of([start.Length, 1], start), grid, 3, [.. Enumerable.Range(0, start.Length).Select(i => (ulong)i)]);
        int evaluations = 0;
        while (scheduler.Next(state) is EvaluateRequest<double> request)
        {
            state = scheduler.Advance(state, denoiser(request.X, request.Level));
            evaluations++;
        }

        return (scheduler.Next(state).X["x"].Values, evaluations);
    }
}
