namespace OrleansDDM.Protocols.Dadao;

/// <summary>
/// What a node's six vectors (x, x̃, y, ỹ, z, z̃) do between two events: one linear flow with constant coefficients, the same for every coordinate,
/// <code>
/// dx = η(x̃ − x)dt    dx̃ = η(x − x̃)dt
/// dy = α(ỹ − y)dt    dỹ = −θ(νx̃ + y + z)dt
/// dz = α(z̃ − z)dt    dz̃ = α̃(z − z̃)dt
/// </code>
/// integrated exactly by its matrix exponential. The matrix has a double eigenvalue 0 and may be defective, so the exponential comes from
/// scaling, Taylor and squaring, never from eigenvectors.
/// </summary>
/// <param name="parameters">Constants.</param>
public sealed class DadaoFlow(DadaoParameters parameters)
{
    /// <summary>Vectors of a node.</summary>
    public const int Vectors = 6;

    // Relative remainder of the Taylor series at norm 1/2: below 0.5^17 / 17! < 1e-19.
    private const int Terms = 16;

    /// <summary>The matrix of the flow, (6, 6).</summary>
    public double[,] Matrix { get; } = Coefficients(parameters);

    /// <summary>exp(M·t), (6, 6).</summary>
    /// <param name="time">t, not negative.</param>
    public double[,] Exponential(double time)
    {
        double norm = 0;
        for (int row = 0; row < Vectors; row++)
        {
            double sum = 0;
            for (int column = 0; column < Vectors; column++)
            {
                sum += Math.Abs(Matrix[row, column]);
            }

            norm = Math.Max(norm, sum * time);
        }

        int squarings = norm > 0.5 ? (int)Math.Ceiling(Math.Log2(norm / 0.5)) : 0;
        double step = time / Math.Pow(2, squarings);

        // Horner: I + Ms(I + Ms/2 (I + Ms/3 (...))).
        double[,] result = Identity();
        for (int term = Terms; term > 0; term--)
        {
            result = Product(Matrix, result);
            for (int row = 0; row < Vectors; row++)
            {
                for (int column = 0; column < Vectors; column++)
                {
                    result[row, column] = (result[row, column] * step / term) + (row == column ? 1 : 0);
                }
            }
        }

        for (int i = 0; i < squarings; i++)
        {
            result = Product(result, result);
        }

        return result;
    }

    /// <summary>Applies an exponential to a node's vectors in place.</summary>
    /// <param name="exponential">(6, 6).</param>
    /// <param name="state">(6, d).</param>
    public static void Apply(double[,] exponential, double[][] state)
    {
        Span<double> old = stackalloc double[Vectors];
        for (int d = 0; d < state[0].Length; d++)
        {
            for (int v = 0; v < Vectors; v++)
            {
                old[v] = state[v][d];
            }

            for (int row = 0; row < Vectors; row++)
            {
                double sum = 0;
                for (int column = 0; column < Vectors; column++)
                {
                    sum += exponential[row, column] * old[column];
                }

                state[row][d] = sum;
            }
        }
    }

    private static double[,] Coefficients(DadaoParameters p) => new[,]
    {
        { -p.Eta, p.Eta, 0, 0, 0, 0 },
        { p.Eta, -p.Eta, 0, 0, 0, 0 },
        { 0, 0, -p.Alpha, p.Alpha, 0, 0 },
        { 0, -p.Theta * p.Nu, -p.Theta, 0, -p.Theta, 0 },
        { 0, 0, 0, 0, -p.Alpha, p.Alpha },
        { 0, 0, 0, 0, p.AlphaTilde, -p.AlphaTilde },
    };

    private static double[,] Identity()
    {
        double[,] identity = new double[Vectors, Vectors];
        for (int i = 0; i < Vectors; i++)
        {
            identity[i, i] = 1;
        }

        return identity;
    }

    private static double[,] Product(double[,] a, double[,] b)
    {
        double[,] product = new double[Vectors, Vectors];
        for (int i = 0; i < Vectors; i++)
        {
            for (int k = 0; k < Vectors; k++)
            {
                double factor = a[i, k];
                for (int j = 0; j < Vectors; j++)
                {
                    product[i, j] += factor * b[k, j];
                }
            }
        }

        return product;
    }
}
