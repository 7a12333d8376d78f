namespace OrleansDDM.Grains.Solves;

/// <summary>
/// How near the peers of a solve are to the optimum, proven without it. Peer i took g_i = ∇f_i(x_i); with x̄ and ḡ the means over the n peers, F = mean f_i
/// is μ-strongly convex and each f_i L-smooth, so ‖∇F(x̄)‖ ≤ ‖ḡ‖ + (L/n) Σ ‖x_i − x̄‖ and ‖x̄ − x*‖ ≤ ‖∇F(x̄)‖ / μ. That the points are of
/// different moments does not matter.
/// </summary>
/// <param name="Mean">x̄.</param>
/// <param name="Bound">Distance to x* at which every x_i is at most.</param>
/// <param name="Disagreement">max ‖x_i − x̄‖.</param>
internal sealed record Certificate(double[] Mean, double Bound, double Disagreement)
{
    /// <summary>The certificate of a point and a gradient of each peer.</summary>
    /// <param name="points">x_i of all peers, at least one.</param>
    /// <param name="gradients">g_i of all peers.</param>
    /// <param name="mu">μ.</param>
    /// <param name="smoothness">L.</param>
    public static Certificate Of(IReadOnlyList<double[]> points, IReadOnlyList<double[]> gradients, double mu, double smoothness)
    {
        double[] mean = Average(points), gradient = Average(gradients);
        double[] distances = [.. points.Select(p => Norm([.. p.Zip(mean, (a, b) => a - b)]))];
        double largest = distances.Max();
        return new Certificate(mean, ((Norm(gradient) + (smoothness * distances.Average())) / mu) + largest, largest);

        static double[] Average(IReadOnlyList<double[]> vectors)
        {
            double[] sum = new double[vectors[0].Length];
            foreach (double[] vector in vectors)
            {
                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += vector[i] / vectors.Count;
                }
            }

            return sum;
        }
    }

    /// <summary>‖v‖₂.</summary>
    public static double Norm(IEnumerable<double> vector) => Math.Sqrt(vector.Sum(v => v * v));
}
