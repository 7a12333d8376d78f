using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Metrics;

/// <summary>The outcome of a <see cref="PairedLoss"/>; a difference is arm A minus arm B, so below 0 A is better.</summary>
/// <param name="Images">Number of images.</param>
/// <param name="MeanA">Mean loss of arm A.</param>
/// <param name="MeanB">Mean loss of arm B.</param>
/// <param name="Difference">MeanA - MeanB.</param>
/// <param name="Low">Lower end of the bootstrap interval of the difference.</param>
/// <param name="High">Upper end of the bootstrap interval of the difference.</param>
/// <param name="Confidence">Confidence of the interval, e.g. 0.95.</param>
/// <param name="StrataA">Mean loss of arm A per stratum of t. // (S)</param>
/// <param name="StrataB">Mean loss of arm B per stratum of t. // (S)</param>
/// <param name="StrataDifference">StrataA - StrataB. // (S)</param>
public sealed record PairedLossResult(
    int Images,
    double MeanA,
    double MeanB,
    double Difference,
    double Low,
    double High,
    double Confidence,
    IReadOnlyList<double> StrataA,
    IReadOnlyList<double> StrataB,
    IReadOnlyList<double> StrataDifference)
{
    /// <summary>Whether the interval lies on one side of 0.</summary>
    public bool ExcludesZero => Low > 0 || High < 0;
}

/// <summary>
/// Squared errors of two arms on the same images, noise levels and noise, so that what the draws share cancels. The images
/// are the independent units: the bootstrap (Efron 1979, percentile interval) draws images with all their strata.
/// </summary>
public sealed class PairedLoss
{
    private readonly double[] _a;
    private readonly double[] _b;
    private readonly int _strata;

    /// <summary>Holds the errors of both arms.</summary>
    /// <param name="a">Mean squared error of arm A per image and stratum, image-major. // (N, S)</param>
    /// <param name="b">The same of arm B, from the same draws. // (N, S)</param>
    /// <param name="strata">Number of strata of t, 1 or more.</param>
    /// <exception cref="ArgumentException">Lengths differ, are not whole images or are 0, or an error is negative or not finite.</exception>
    public PairedLoss(double[] a, double[] b, int strata)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfLessThan(strata, 1);
        if (a.Length != b.Length || a.Length == 0 || a.Length % strata != 0)
        {
            throw new ArgumentException($"{a.Length} and {b.Length} errors are not the same whole images of {strata} strata.", nameof(b));
        }

        foreach (double[] arm in new[] { a, b })
        {
            int bad = Array.FindIndex(arm, error => !(error >= 0 && double.IsFinite(error)));
            if (bad >= 0)
            {
                throw new ArgumentException($"The squared error of image {bad / strata}, stratum {bad % strata} is {arm[bad]}; it must be finite and not negative.");
            }
        }

        (_a, _b, _strata) = (a, b, strata);
    }

    /// <summary>Means, differences and the bootstrap interval of the difference.</summary>
    /// <param name="seed">Seed of the bootstrap.</param>
    /// <param name="resamples">Number of bootstrap resamples, 100 or more.</param>
    /// <param name="confidence">Confidence of the interval, in (0, 1).</param>
    public PairedLossResult Compare(ulong seed, int resamples = 2000, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 100);
        if (confidence is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence must be in (0, 1).");
        }

        double[] strataA = Strata(_a);
        double[] strataB = Strata(_b);
        double[] differences = ImageDifferences();
        double[] means = Bootstrap(differences, new SeededRandom(seed), resamples);
        double tail = (1 - confidence) / 2;
        return new PairedLossResult(
            differences.Length,
            strataA.Average(),
            strataB.Average(),
            TensorPrimitives.Sum<double>(differences) / differences.Length,
            Quantile.Of(means, tail),
            Quantile.Of(means, 1 - tail),
            confidence,
            strataA,
            strataB,
            [.. strataA.Zip(strataB, (x, y) => x - y)]);
    }

    private static double[] Bootstrap(double[] differences, SeededRandom random, int resamples)
    {
        var means = new double[resamples];
        for (int r = 0; r < resamples; r++)
        {
            double sum = 0;
            for (int i = 0; i < differences.Length; i++)
            {
                sum += differences[random.Below(differences.Length)];
            }

            means[r] = sum / differences.Length;
        }

        return means;
    }

    private double[] Strata(double[] arm)
    {
        var means = new double[_strata];
        for (int i = 0; i < arm.Length; i++)
        {
            means[i % _strata] += arm[i];
        }

        TensorPrimitives.Divide(means, arm.Length / _strata, means);
        return means;
    }

    /// <summary>Mean difference of each image over its strata. // (N)</summary>
    private double[] ImageDifferences()
    {
        var differences = new double[_a.Length / _strata];
        for (int i = 0; i < _a.Length; i++)
        {
            differences[i / _strata] += (_a[i] - _b[i]) / _strata;
        }

        return differences;
    }
}
