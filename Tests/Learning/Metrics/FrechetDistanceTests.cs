using MathNet.Numerics.LinearAlgebra;

using OrleansDDM.Learning.Metrics;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class FrechetDistanceTests
{
    private static Gaussian Diagonal(double[] mean, double[] variances) =>
        new(1000, Vector<double>.Build.DenseOfArray(mean), Matrix<double>.Build.DenseOfDiagonalArray(variances));

    /// <summary>A rotation of R^3 from two plane rotations.</summary>
    private static Matrix<double> Rotation(double angle)
    {
        (double s, double c) = Math.SinCos(angle);
        Matrix<double> xy = Matrix<double>.Build.DenseOfArray(new[,] { { c, -s, 0 }, { s, c, 0 }, { 0, 0, 1 } });
        Matrix<double> yz = Matrix<double>.Build.DenseOfArray(new[,] { { 1, 0, 0 }, { 0, c, -s }, { 0, s, c } });
        return xy * yz;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.3)]
    [InlineData(5)]
    public void Standard_against_scaled_and_shifted_is_shift_squared_plus_d_times_scale_minus_1_squared(double scale)
    {
        double[] mean = [1, -2, 0.5];
        double distance = FrechetDistance.Between(Diagonal([0, 0, 0], [1, 1, 1]), Diagonal(mean, [scale * scale, scale * scale, scale * scale]));
        Assert.Equal(5.25 + (3 * (scale - 1) * (scale - 1)), distance, 1e-12);
    }

    [Fact]
    public void Diagonal_Gaussians_differ_by_the_squared_differences_of_deviations_in_any_rotation()
    {
        Gaussian a = Diagonal([1, 2, 3], [4, 0.25, 9]);
        Gaussian b = Diagonal([1, 0, 3], [1, 1, 0]);
        const double Expected = 4 + 1 + 0.25 + 9;
        Assert.Equal(Expected, FrechetDistance.Between(a, b), 1e-12);

        Matrix<double> r = Rotation(0.7);
        Gaussian Turn(Gaussian g) => new(g.Count, r * g.Mean, r * g.Covariance * r.Transpose());
        Assert.Equal(Expected, FrechetDistance.Between(Turn(a), Turn(b)), 1e-7);
    }

    [Fact]
    public void Covariances_that_do_not_commute_agree_with_the_closed_form_of_two_dimensions()
    {
        Matrix<double> a = Matrix<double>.Build.DenseOfArray(new[,] { { 2.0, 0.9 }, { 0.9, 1.0 } });
        Matrix<double> b = Matrix<double>.Build.DenseOfArray(new[,] { { 0.5, -0.4 }, { -0.4, 3.0 } });
        Vector<double> zero = Vector<double>.Build.Dense(2);

        // In two dimensions tr(sqrt(AB)) = sqrt(tr(AB) + 2 sqrt(det(AB))).
        double expected = a.Trace() + b.Trace() - (2 * Math.Sqrt((a * b).Trace() + (2 * Math.Sqrt((a * b).Determinant()))));
        Assert.Equal(expected, FrechetDistance.Between(new Gaussian(9, zero, a), new Gaussian(9, zero, b)), 1e-12);
    }

    [Fact]
    public void Sets_have_the_mean_and_unbiased_covariance_of_their_vectors()
    {
        Gaussian gaussian = Gaussian.Of(new FeatureSet([1, 10, 3, 14, 5, 12], 2));
        Assert.Equal([3, 12], gaussian.Mean);
        Assert.Equal(new double[,] { { 4, 2 }, { 2, 4 } }, gaussian.Covariance.ToArray());
        Assert.Equal(3, gaussian.Count);
    }

    [Fact]
    public void A_large_mean_costs_no_digits()
    {
        Gaussian gaussian = Gaussian.Of(Sets.Line(1_000_000, 1_000_001, 1_000_002));
        Assert.Equal(1, gaussian.Covariance[0, 0], 1e-12);
    }

    [Theory]
    [InlineData(500, 8)]
    [InlineData(4, 32)]
    public void A_shifted_set_is_at_the_squared_shift_even_with_fewer_vectors_than_values(int count, int width)
    {
        FeatureSet set = Sets.Map(Sets.Normal(count, width, 1), (value, _) => MathF.Round(value * 256) / 256);
        FeatureSet moved = Sets.Map(set, (value, j) => value + (j == 0 ? 3 : j == 1 ? -4 : 0));
        Assert.Equal(0, FrechetDistance.Between(set, set), 1e-9);
        Assert.Equal(25, FrechetDistance.Between(set, moved), 1e-6);
    }

    [Fact]
    public void Distance_is_symmetric_and_falls_as_samples_of_one_distribution_grow()
    {
        FeatureSet a = Sets.Normal(300, 6, 1);
        FeatureSet b = Sets.Map(Sets.Normal(400, 6, 2), (value, j) => (value * (j + 1)) + j);
        Assert.Equal(FrechetDistance.Between(a, b), FrechetDistance.Between(b, a), 1e-9);
        Assert.True(FrechetDistance.Between(a, Sets.Normal(300, 6, 3)) > FrechetDistance.Between(Sets.Normal(5000, 6, 4), Sets.Normal(5000, 6, 5)));
    }

    [Fact]
    public void What_is_not_finite_or_does_not_fit_is_refused()
    {
        Assert.Contains("vector 1", Assert.Throws<ArgumentException>(() => new FeatureSet([1, 2, 3, float.NaN], 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new FeatureSet([1, float.PositiveInfinity], 2));
        Assert.Throws<ArgumentException>(() => new FeatureSet([1, 2, 3], 2));
        Assert.Throws<ArgumentException>(() => FrechetDistance.Between(Diagonal([double.NaN], [1]), Diagonal([0], [1])));
        Assert.Throws<ArgumentException>(() => FrechetDistance.Between(Diagonal([0], [1]), Diagonal([0], [double.PositiveInfinity])));
        Assert.Throws<ArgumentException>(() => FrechetDistance.Between(Diagonal([0], [1]), Diagonal([0, 0], [1, 1])));
        Assert.Throws<ArgumentException>(() => FrechetDistance.Between(Sets.Line(1), Sets.Line(1, 2)));
    }
}
