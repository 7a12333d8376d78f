using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace OrleansDDM.Learning.Metrics;

/// <summary>
/// The Fréchet distance of two Gaussians (Dowson and Landau 1982):
/// |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1^1/2 S2 S1^1/2)^1/2). In the feature space of Inception-v3 the literature calls
/// it FID; in any other space it is a Fréchet distance of that space, and numbers of unlike spaces are not comparable.
/// </summary>
public static class FrechetDistance
{
    /// <summary>The squared-length distance (as FID is) of the Gaussians fitted to two sets of at least two vectors each.</summary>
    /// <exception cref="ArgumentException">Widths differ, or there are fewer than two vectors.</exception>
    public static double Between(FeatureSet a, FeatureSet b)
    {
        FeatureSet.Check(a, b, 2);
        return Between(Gaussian.Of(a), Gaussian.Of(b));
    }

    /// <summary>The distance of two Gaussians, never below 0. Singular covariances (fewer vectors than values) are allowed.</summary>
    /// <exception cref="ArgumentException">Widths differ, or a mean or covariance is not finite.</exception>
    public static double Between(Gaussian a, Gaussian b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Mean.Count != b.Mean.Count)
        {
            throw new ArgumentException($"Gaussians of {a.Mean.Count} and {b.Mean.Count} dimensions cannot be compared; take both from one feature space.", nameof(b));
        }

        // tr((S1^1/2 S2 S1^1/2)^1/2) is the sum of the singular values of S1^1/2 S2^1/2. Taking them from the product of
        // the roots keeps the digits that squaring would lose when a covariance is singular.
        double overlap = (Root(a) * Root(b)).Svd(computeVectors: false).S.Sum();
        Vector<double> shift = a.Mean - b.Mean;
        double distance = shift.DotProduct(shift) + a.Covariance.Trace() + b.Covariance.Trace() - (2 * overlap);
        return double.IsFinite(distance)
            ? Math.Max(distance, 0)
            : throw new ArgumentException("The Fréchet distance is not finite; the means or covariances are too large.", nameof(a));
    }

    /// <summary>The symmetric root of a covariance; eigenvalues that rounding made negative count as 0.</summary>
    private static Matrix<double> Root(Gaussian gaussian)
    {
        Matrix<double> covariance = gaussian.Covariance;
        if (!covariance.ForAll(double.IsFinite) || !gaussian.Mean.ForAll(double.IsFinite))
        {
            throw new ArgumentException("A Gaussian has a mean or covariance that is not finite.", nameof(gaussian));
        }

        Evd<double> eigen = covariance.Evd(Symmetricity.Symmetric);
        Vector<double> roots = eigen.EigenValues.Map(value => Math.Sqrt(Math.Max(value.Real, 0)));
        return eigen.EigenVectors * Matrix<double>.Build.DiagonalOfDiagonalVector(roots) * eigen.EigenVectors.Transpose();
    }
}
