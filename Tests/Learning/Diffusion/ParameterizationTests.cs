using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

using Xunit;

namespace OrleansDDM.Tests.Learning.Diffusion;

public class ParameterizationTests
{
    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (string schedule in new[] { "flow", "vp-cosine", "edm" })
            {
                foreach (string parameterization in new[] { "x0", "eps", "v", "flow", "score" })
                {
                    pairs.Add(schedule, parameterization);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Prediction_of_the_truth_gives_x0_back(string scheduleId, string parameterizationId)
    {
        Parameterization parameterization = Parameterizations.Parse(parameterizationId);
        double[] x0 = [-1, .3, 2];
        double[] eps = [.7, -1.1, .2];
        foreach (double t in new[] { .02, .3, .5, .9 })
        {
            Level level = NoiseSchedules.Parse(scheduleId).At(t);
            (double a, double s) = (level.Alpha, level.Sigma);
            double[] x = [.. x0.Zip(eps, (d, e) => (a * d) + (s * e))];
            double[] truth = [.. x0.Zip(eps, (d, e) => parameterization switch
            {
                Parameterization.X0 => d,
                Parameterization.Eps => e,
                Parameterization.V => (a * e) - (s * d),
                Parameterization.Flow => e - d,
                _ => -e / s,
            })];
            AssertClose(x0, Parameterizations.ToX0(parameterization, Row(x), Row(truth), level));
            AssertClose(truth, Parameterizations.FromX0(parameterization, Row(x), Row(x0), level), 1 + (1 / s));
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Ends_of_the_path_give_finite_values_or_a_clear_error(string scheduleId, string parameterizationId)
    {
        Parameterization parameterization = Parameterizations.Parse(parameterizationId);
        foreach (double t in new[] { 0, 1d })
        {
            Level level = NoiseSchedules.Parse(scheduleId).At(t);
            State<double> x = Row([.5, -2]);
            bool lost = level.Alpha == 0 && parameterization is (Parameterization.Eps or Parameterization.Score);
            if (lost)
            {
                Assert.Contains("alpha = 0", Assert.Throws<ArgumentException>(() => Parameterizations.ToX0(parameterization, x, x, level)).Message, StringComparison.Ordinal);
            }
            else
            {
                Assert.All(Parameterizations.ToX0(parameterization, x, x, level)["x"].Values, v => Assert.True(double.IsFinite(v)));
            }

            if (level.Sigma == 0 && parameterization == Parameterization.Score)
            {
                Assert.Throws<ArgumentException>(() => Parameterizations.FromX0(parameterization, x, x, level));
            }
            else
            {
                Assert.All(Parameterizations.FromX0(parameterization, x, x, level)["x"].Values, v => Assert.True(double.IsFinite(v)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Mixing_in_any_parameterization_is_mixing_x0(string scheduleId, string parameterizationId)
    {
        // I8: affine maps commute with weighted means.
        Parameterization parameterization = Parameterizations.Parse(parameterizationId);
        Level level = NoiseSchedules.Parse(scheduleId).At(.4);
        State<double> x = Row([.5, -2]);
        State<double> a = Row([.1, .9]);
        State<double> b = Row([-.4, .6]);
        State<double> mixed = StateMath.Combine(a, .3, b, .7);
        State<double> raw = StateMath.Combine(
            Parameterizations.FromX0(parameterization, x, a, level), .3, Parameterizations.FromX0(parameterization, x, b, level), .7);
        AssertClose(mixed["x"].Values, Parameterizations.ToX0(parameterization, x, raw, level));
    }

    private static State<double> Row(double[] values) => State<double>.Of([1, values.Length], values);

    private static void AssertClose(double[] expected, State<double> actual, double scale = 1)
    {
        Assert.All(expected.Zip(actual["x"].Values), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, 1e-11 * scale));
    }
}
