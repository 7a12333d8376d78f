using OrleansDDM.Learning.Diffusion;

using Xunit;

namespace OrleansDDM.Tests.Learning.Diffusion;

public class GaussianMixtureTests
{
    private static readonly GaussianMixture Line = new([.3, .4, .3], [[-1.5], [.4], [2]], [.35, .5, .3]);

    [Theory]
    [InlineData(.05)]
    [InlineData(.5)]
    [InlineData(.95)]
    public void Posterior_mean_obeys_tweedie(double t)
    {
        var ensemble = new AnalyticEnsemble();
        Level level = NoiseSchedules.Flow.At(t);
        double[] x = [.4, -.9];
        double[] x0 = new double[2];
        ensemble.Data.PosteriorMean(x, level, x0);
        const double H = 1e-5;
        for (int i = 0; i < 2; i++)
        {
            double[] up = [.. x];
            double[] down = [.. x];
            up[i] += H;
            down[i] -= H;
            double score = (ensemble.Data.LogEvidence(up, level) - ensemble.Data.LogEvidence(down, level)) / (2 * H);
            Assert.Equal((x[i] + (level.Sigma * level.Sigma * score)) / level.Alpha, x0[i], 6);
        }
    }

    [Fact]
    public void Posterior_mean_is_the_closed_form_flow()
    {
        // u(x, t) = sum_c w_c [((t - (1 - t) s_c^2) / s_ct^2) d_c - mu_c] with s_ct^2 = (1 - t)^2 s_c^2 + t^2 and d_c = x - (1 - t) mu_c.
        double[] weights = [.3, .4, .3];
        double[] means = [-1.5, .4, 2];
        double[] deviations = [.35, .5, .3];
        double[] x0 = new double[1];
        foreach ((double x, double t) in new[] { (.3, .2), (-2, .5), (1.1, .9) })
        {
            double sum = 0;
            double u = 0;
            for (int c = 0; c < 3; c++)
            {
                double variance = ((1 - t) * (1 - t) * deviations[c] * deviations[c]) + (t * t);
                double d = x - ((1 - t) * means[c]);
                double w = weights[c] * Math.Exp(-d * d / (2 * variance)) / Math.Sqrt(variance);
                sum += w;
                u += w * (((t - ((1 - t) * deviations[c] * deviations[c])) / variance * d) - means[c]);
            }

            Line.PosteriorMean([x], NoiseSchedules.Flow.At(t), x0);
            Assert.Equal(u / sum, (x - x0[0]) / t, 12);
        }
    }

    [Fact]
    public void Evidence_integrates_to_one()
    {
        Level level = NoiseSchedules.VpCosine.At(.3);
        double sum = Enumerable.Range(-2000, 4001).Sum(i => .005 * Math.Exp(Line.LogEvidence([.005 * i], level)));
        Assert.Equal(1, sum, 10);
    }

    [Fact]
    public void Subsets_carry_their_share_of_the_mass()
    {
        GaussianMixture part = new GaussianMixture([3, 4, 3], [[-1.5], [.4], [2]], [.35, .5, .3]).Subset([0, 2]);
        Assert.Equal(.6, part.Mass, 12);
        Assert.Equal(2, part.Components);
    }

    [Fact]
    public void Bad_mixtures_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new GaussianMixture([1, -1], [[0], [1]], [1, 1]));
        Assert.Throws<ArgumentException>(() => new GaussianMixture([1, 1], [[0], [1, 2]], [1, 1]));
        Assert.Throws<ArgumentException>(() => Line.LogEvidence([1, 2], NoiseSchedules.Flow.At(.5)));
        var point = new GaussianMixture([1], [[0]], [0]);
        Assert.Throws<ArgumentException>(() => point.LogEvidence([0], NoiseSchedules.Flow.At(0)));
    }
}
