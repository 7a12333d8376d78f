using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>The exact expert on a Gaussian mixture, in any schedule and parameterization. Computes in double, sample by sample.</summary>
/// <param name="mixture">The data.</param>
/// <param name="contract">Schedule and parameterization it answers in.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed class GaussianMixtureExpert<T>(GaussianMixture mixture, ExpertContract contract) : IExpert<T>, ILogEvidence<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public ExpertContract Contract { get; } = contract;

    /// <inheritdoc/>
    /// <remarks>The state has one array of B rows of d values; the condition is not used.</remarks>
    public ValueTask<State<T>> PredictAsync(State<T> x, Level level, Condition condition, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        (double cx, double c0) = Parameterizations.FromX0Coefficients(Contract.Parameterization, level);
        int d = mixture.Dimensions;
        var values = new T[x.Batch * d];
        double[] row = new double[d];
        double[] x0 = new double[d];
        T[] source = x.Arrays[0].Values;
        for (int b = 0; b < x.Batch; b++)
        {
            Read(source, b, row);
            mixture.PosteriorMean(row, level, x0);
            for (int i = 0; i < d; i++)
            {
                values[(b * d) + i] = T.CreateTruncating((cx * row[i]) + (c0 * x0[i]));
            }
        }

        return new ValueTask<State<T>>(new State<T>(x.Arrays[0] with { Values = values }));
    }

    /// <inheritdoc/>
    public double[] LogEvidence(State<T> x, Level level)
    {
        ArgumentNullException.ThrowIfNull(x);
        double[] row = new double[mixture.Dimensions];
        double[] evidence = new double[x.Batch];
        for (int b = 0; b < x.Batch; b++)
        {
            Read(x.Arrays[0].Values, b, row);
            evidence[b] = mixture.LogEvidence(row, level);
        }

        return evidence;
    }

    private static void Read(T[] source, int b, double[] row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = double.CreateTruncating(source[(b * row.Length) + i]);
        }
    }
}
