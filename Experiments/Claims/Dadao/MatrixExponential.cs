namespace OrleansDDM.Experiments.Claims.Dadao;

/// <summary>
/// e^A of small matrices by scaling and squaring of a Taylor series. Not by eigenvectors: DADAO's generator has a repeated eigenvalue 0 and
/// can be defective.
/// </summary>
internal static class MatrixExponential
{
    private const int Terms = 12;

    /// <summary>e^(t A), row by row.</summary>
    /// <param name="a">A square matrix, row by row.</param>
    /// <param name="size">Its side.</param>
    /// <param name="t">Factor.</param>
    public static double[] Of(double[] a, int size, double t)
    {
        double norm = 0;
        for (int i = 0; i < size; i++)
        {
            double row = 0;
            for (int j = 0; j < size; j++)
            {
                row += Math.Abs(a[(i * size) + j] * t);
            }

            norm = Math.Max(norm, row);
        }

        int squarings = norm > 0.5 ? (int)Math.Ceiling(Math.Log2(norm / 0.5)) : 0;
        double scale = t / Math.Pow(2, squarings);
        double[] term = Identity(size), sum = Identity(size);
        for (int k = 1; k <= Terms; k++)
        {
            term = Product(term, a, size);
            for (int i = 0; i < term.Length; i++)
            {
                term[i] *= scale / k;
                sum[i] += term[i];
            }
        }

        for (int s = 0; s < squarings; s++)
        {
            sum = Product(sum, sum, size);
        }

        return sum;
    }

    private static double[] Identity(int size)
    {
        double[] identity = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            identity[(i * size) + i] = 1;
        }

        return identity;
    }

    private static double[] Product(double[] a, double[] b, int size)
    {
        double[] c = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            for (int k = 0; k < size; k++)
            {
                double left = a[(i * size) + k];
                if (left == 0)
                {
                    continue;
                }

                for (int j = 0; j < size; j++)
                {
                    c[(i * size) + j] += left * b[(k * size) + j];
                }
            }
        }

        return c;
    }
}
