using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Sampling;

public class ConvergenceOrderTests
{
    // Errors at 20, 80 and 320 steps as measured by an independent implementation of the same solvers.
    [Theory]
    [InlineData("euler", 1, 2.16e-1, 4.88e-2, 1.18e-2)]
    [InlineData("ddim", 1, 2.16e-1, 4.88e-2, 1.18e-2)]
    [InlineData("heun", 2, 2.06e-2, 1.33e-3, 8.33e-5)]
    [InlineData("dpmpp-2m", 2, 7.79e-3, 5.51e-4, 3.49e-5)]
    public void Scheduler_converges_to_the_quantile_map_at_its_order(string id, int order, double at20, double at80, double at320)
    {
        IScheduler<double> scheduler = Schedulers.Create<double>(new SamplingSpec { Scheduler = id });
        double[] errors = [.. new[] { 20, 80, 320 }.Select(n => Error(scheduler, QuantileMap.Grid(n)))];
        Assert.All(errors.Zip([at20, at80, at320]), p => Assert.InRange(p.First, p.Second / 2, p.Second * 2));
        Assert.True(Math.Log(errors[1] / errors[2]) / Math.Log(4) >= order - 0.15);
    }

    // The order must survive the infinite lambda at the noise end, and a last step to sigma = 0. A multistep method in lambda loses a factor
    // ln N there on this grid: its steps near t = 1 are of ratio 2, 3/2, 4/3, ... in alpha.
    [Theory]
    [InlineData("euler", 0.85)]
    [InlineData("heun", 1.85)]
    [InlineData("dpmpp-2m", 1.7)]
    public void Order_holds_on_the_whole_flow_path(string id, double slope)
    {
        IScheduler<double> scheduler = Schedulers.Create<double>(new SamplingSpec { Scheduler = id });
        double coarse = Error(scheduler, TimeGrids.Build("linear", 160, NoiseSchedules.Flow));
        double fine = Error(scheduler, TimeGrids.Build("linear", 640, NoiseSchedules.Flow));
        Assert.True(Math.Log(coarse / fine) / Math.Log(4) >= slope, $"errors {coarse} and {fine}");
    }

    [Theory]
    [InlineData("linear", "flow")]
    [InlineData("linear", "vp-cosine")]
    [InlineData("log-snr", "flow")]
    [InlineData("log-snr", "vp-cosine")]
    [InlineData("log-snr", "edm")]
    [InlineData("karras", "flow")]
    [InlineData("karras", "edm")]
    [InlineData("flow-shift", "flow")]
    public void Every_grid_leads_to_the_quantile_map(string grid, string schedule)
    {
        Level[] levels = TimeGrids.Build(grid, 200, NoiseSchedules.Parse(schedule), 3);
        foreach (string id in new[] { "heun", "dpmpp-2m" })
        {
            Assert.InRange(Error(Schedulers.Create<double>(new SamplingSpec { Scheduler = id }), levels), 0, 0.02);
        }
    }

    private static double Error(IScheduler<double> scheduler, Level[] grid)
    {
        double[] quantiles = [.. Enumerable.Range(0, 16).Select(i => (i + .5) / 16)];
        double[] start = [.. quantiles.Select(p => Quantile(p, grid[0]))];
        (double[] x, _) = QuantileMap.Run(scheduler, start, grid, QuantileMap.X0);
        return x.Zip(quantiles).Max(p => Math.Abs(p.First - QuantileMap.Quantile(p.Second, grid[^1])));
    }

    private static double Quantile(double p, Level level) =>
        level.Sigma > 20 ? level.Sigma * QuantileMap.Quantile(p, level with { Alpha = level.Alpha / level.Sigma, Sigma = 1 }) : QuantileMap.Quantile(p, level);
}
