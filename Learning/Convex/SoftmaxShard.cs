using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Convex;

/// <summary>
/// The part f_i of a regularised softmax regression that one peer of n holds: f_i(x) = (n/N) Σ_(s in shard) loss_s(x) + ½ μ ‖x‖², with N inputs in all.
/// So the mean of all f_i is the mean loss of the pooled inputs + ½ μ ‖x‖², however they are spread. f_i is μ-strongly convex and
/// (μ + ½ n m_i / N)-smooth, with m_i inputs in the shard. Immutable and thread-safe.
/// </summary>
/// <param name="data">All inputs.</param>
/// <param name="rows">Rows of the shard; it may be empty.</param>
/// <param name="peers">n.</param>
/// <param name="ridge">μ, positive.</param>
public sealed class SoftmaxShard(SoftmaxData data, int[] rows, int peers, double ridge)
{
    /// <summary>L of this part.</summary>
    public double Smoothness => ridge + (SoftmaxData.Smoothness * peers * rows.Length / data.Count);

    /// <summary>∇f_i(x).</summary>
    /// <param name="x">(parameters).</param>
    /// <param name="gradient">(parameters) written.</param>
    /// <returns>f_i(x).</returns>
    /// <exception cref="ArgumentException">x or the gradient is of another length.</exception>
    public double Gradient(ReadOnlySpan<double> x, Span<double> gradient)
    {
        if (x.Length != data.Parameters || gradient.Length != data.Parameters)
        {
            throw new ArgumentException($"{data.Parameters} elements are needed, not {x.Length} and {gradient.Length}.", nameof(x));
        }

        TensorPrimitives.Multiply(x, ridge, gradient);
        return data.AddLoss(rows, (double)peers / data.Count, x, gradient) + (0.5 * ridge * TensorPrimitives.Dot(x, x));
    }
}
