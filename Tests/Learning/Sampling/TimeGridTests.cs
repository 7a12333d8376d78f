using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Sampling;

public class TimeGridTests
{
    [Theory]
    [InlineData("linear")]
    [InlineData("log-snr")]
    [InlineData("karras")]
    [InlineData("flow-shift")]
    public void Grid_goes_strictly_from_noise_to_data(string grid)
    {
        foreach (string id in new[] { "flow", "vp-cosine", "edm" })
        {
            INoiseSchedule schedule = NoiseSchedules.Parse(id);
            foreach (int n in new[] { 1, 2, 3, 40, 1000 })
            {
                Level[] levels = TimeGrids.Build(grid, n, schedule, 3);
                Assert.Equal(n + 1, levels.Length);
                Assert.Equal(schedule.At(1), levels[0]);
                Assert.Equal(schedule.At(0), levels[^1]);
                Assert.All(levels.Zip(levels.Skip(1)), p => Assert.True(p.First.Time > p.Second.Time && p.First.Lambda < p.Second.Lambda));
            }
        }
    }

    [Fact]
    public void Karras_grid_is_that_of_edm()
    {
        Level[] levels = TimeGrids.Build("karras", 18, NoiseSchedules.Edm);
        for (int i = 0; i < 18; i++)
        {
            double sigma = Math.Pow(Math.Pow(80, 1 / 7d) + (i / 17d * (Math.Pow(.002, 1 / 7d) - Math.Pow(80, 1 / 7d))), 7);
            Assert.Equal(1, levels[i].Sigma / sigma, 9);
        }
    }

    [Fact]
    public void Log_snr_grid_is_even_in_lambda()
    {
        Level[] levels = TimeGrids.Build("log-snr", 30, NoiseSchedules.Flow);
        double step = (Math.Log(80) - Math.Log(.002)) / 29;
        Assert.All(Enumerable.Range(1, 28), i => Assert.Equal(step, levels[i + 1].Lambda - levels[i].Lambda, 9));
    }

    [Fact]
    public void Flow_shift_moves_lambda_by_the_logarithm_of_the_shift()
    {
        Level[] linear = TimeGrids.Build("linear", 10, NoiseSchedules.Flow);
        Level[] shifted = TimeGrids.Build("flow-shift", 10, NoiseSchedules.Flow, 3);
        Assert.All(Enumerable.Range(1, 9), i => Assert.Equal(linear[i].Lambda - Math.Log(3), shifted[i].Lambda, 12));
        Assert.Equal(linear, TimeGrids.Build("flow-shift", 10, NoiseSchedules.Flow, 1));
    }

    [Fact]
    public void Bad_grids_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TimeGrids.Build("cosine", 4, NoiseSchedules.Flow));
        Assert.Throws<ArgumentOutOfRangeException>(() => TimeGrids.Build("linear", 0, NoiseSchedules.Flow));
        Assert.Throws<ArgumentException>(() => TimeGrids.Build("flow-shift", 4, NoiseSchedules.Flow, double.NaN));
        Assert.Throws<SpecException>(() => TimeGrids.Build(new SamplingSpec { Steps = 0 }, NoiseSchedules.Flow));
    }
}
