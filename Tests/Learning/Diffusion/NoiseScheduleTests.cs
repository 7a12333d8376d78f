using OrleansDDM.Learning.Diffusion;

using Xunit;

namespace OrleansDDM.Tests.Learning.Diffusion;

public class NoiseScheduleTests
{
    public static TheoryData<string> Ids => ["flow", "vp-cosine", "edm"];

    [Theory]
    [MemberData(nameof(Ids))]
    public void TimeOf_inverts_lambda(string id)
    {
        INoiseSchedule schedule = NoiseSchedules.Parse(id);
        Assert.Equal(id, schedule.Id);
        for (double t = 0.001; t < 1; t += 0.0037)
        {
            Assert.Equal(t, schedule.TimeOf(schedule.At(t).Lambda), 12);
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Ends_are_exact(string id)
    {
        INoiseSchedule schedule = NoiseSchedules.Parse(id);
        Assert.Equal(new Level(0, 1, 0), schedule.At(0));
        Assert.Equal(id == "edm" ? new Level(1, 1, 80) : new Level(1, 0, 1), schedule.At(1));
        Assert.Equal(0, schedule.TimeOf(double.PositiveInfinity));
        Assert.Equal(1, schedule.TimeOf(double.NegativeInfinity));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Lambda_falls_with_time(string id)
    {
        INoiseSchedule schedule = NoiseSchedules.Parse(id);
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(schedule.At(i / 1000d).Lambda > schedule.At((i + 1) / 1000d).Lambda);
        }
    }

    [Fact]
    public void Edm_path_is_logarithmic_far_above_the_smallest_noise()
    {
        INoiseSchedule edm = NoiseSchedules.Edm;
        Assert.Equal(Math.Log(80 / edm.Sigma(0.9)), Math.Log(edm.Sigma(0.9) / edm.Sigma(0.8)), 2);
        Assert.Equal(1, edm.TimeOf(-10));
    }

    [Fact]
    public void Unknown_names_are_refused()
    {
        Assert.Contains("'linear'", Assert.Throws<ArgumentException>(() => NoiseSchedules.Parse("linear")).Message, StringComparison.Ordinal);
        Assert.Contains("'velocity'", Assert.Throws<ArgumentException>(() => Parameterizations.Parse("velocity")).Message, StringComparison.Ordinal);
    }
}
