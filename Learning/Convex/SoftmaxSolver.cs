using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Convex;

/// <summary>The same regression in one place, to compare with: Nesterov's method with constant momentum (Introductory Lectures, 2004, scheme 2.2.22).</summary>
public static class SoftmaxSolver
{
    /// <summary>Minimises mean loss + ½ μ ‖x‖² over all inputs.</summary>
    /// <param name="data">The inputs.</param>
    /// <param name="ridge">μ, positive.</param>
    /// <param name="accuracy">Distance to the optimum that is proven when it ends: ‖∇F‖ / μ.</param>
    /// <param name="cancellation">Gives up.</param>
    public static double[] Solve(SoftmaxData data, double ridge, double accuracy, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        var whole = new SoftmaxShard(data, [.. Enumerable.Range(0, data.Count)], 1, ridge);
        double[] x = new double[data.Parameters], y = new double[data.Parameters], gradient = new double[data.Parameters];
        double root = Math.Sqrt(ridge / whole.Smoothness), momentum = (1 - root) / (1 + root);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            whole.Gradient(y, gradient);
            if (TensorPrimitives.Norm<double>(gradient) <= accuracy * ridge)
            {
                return y;
            }

            for (int i = 0; i < x.Length; i++)
            {
                double next = y[i] - (gradient[i] / whole.Smoothness);
                y[i] = next + (momentum * (next - x[i]));
                x[i] = next;
            }
        }
    }
}
