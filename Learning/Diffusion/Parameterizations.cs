using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>
/// Exact conversions between a prediction and x0 at a level, for any (alpha, sigma), whether variance-preserving or not:
/// with x = alpha x0 + sigma eps, u = eps - x0 and v = alpha eps - sigma x0,
/// x0 = (x - sigma u) / (alpha + sigma) = (alpha x - sigma v) / (alpha^2 + sigma^2) = (x - sigma eps) / alpha = (x + sigma^2 score) / alpha.
/// </summary>
public static class Parameterizations
{
    /// <summary>The parameterization called <paramref name="id"/> in a spec.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Parameterization Parse(string id) => id switch
    {
        "x0" => Parameterization.X0,
        "eps" => Parameterization.Eps,
        "v" => Parameterization.V,
        "flow" => Parameterization.Flow,
        "score" => Parameterization.Score,
        _ => throw new ArgumentException($"Parameterization '{id}' does not exist; use flow, eps, x0, v or score.", nameof(id)),
    };

    /// <summary>x0 from a prediction about <paramref name="x"/>.</summary>
    /// <exception cref="ArgumentException">eps or score at alpha = 0, where it says nothing about x0; or states of unlike shape.</exception>
    public static State<T> ToX0<T>(Parameterization parameterization, State<T> x, State<T> prediction, Level level)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (parameterization == Parameterization.X0)
        {
            return prediction;
        }

        (double cx, double cp) = ToX0Coefficients(parameterization, level);
        return StateMath.Combine(x, cx, prediction, cp);
    }

    /// <summary>The prediction that says <paramref name="x0"/> about <paramref name="x"/>. At sigma = 0 eps is 0, its mean given x.</summary>
    /// <exception cref="ArgumentException">The score at sigma = 0, which x0 does not determine; or states of unlike shape.</exception>
    public static State<T> FromX0<T>(Parameterization parameterization, State<T> x, State<T> x0, Level level)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (parameterization == Parameterization.X0)
        {
            return x0;
        }

        (double cx, double c0) = FromX0Coefficients(parameterization, level);
        return StateMath.Combine(x, cx, x0, c0);
    }

    /// <summary>(p, q) such that x0 = p x + q prediction.</summary>
    /// <exception cref="ArgumentException">eps or score at alpha = 0, where it says nothing about x0.</exception>
    public static (double X, double Prediction) ToX0Coefficients(Parameterization parameterization, Level level)
    {
        (double a, double s) = (level.Alpha, level.Sigma);
        if (a == 0 && (parameterization is Parameterization.Eps or Parameterization.Score))
        {
            throw new ArgumentException(
                $"At alpha = 0 a prediction of {parameterization} does not determine x0; ask for it at a level with alpha > 0.", nameof(level));
        }

        double square = (a * a) + (s * s);
        return parameterization switch
        {
            Parameterization.X0 => (0, 1),
            Parameterization.Eps => (1 / a, -s / a),
            Parameterization.V => (a / square, -s / square),
            Parameterization.Flow => (1 / (a + s), -s / (a + s)),
            Parameterization.Score => (1 / a, s * s / a),
            _ => throw new ArgumentOutOfRangeException(nameof(parameterization)),
        };
    }

    /// <summary>(p, q) such that prediction = p x + q x0.</summary>
    /// <exception cref="ArgumentException">The score at sigma = 0, which x0 does not determine.</exception>
    public static (double X, double X0) FromX0Coefficients(Parameterization parameterization, Level level)
    {
        (double a, double s) = (level.Alpha, level.Sigma);
        if (s == 0)
        {
            return parameterization switch
            {
                Parameterization.X0 => (0, 1),
                Parameterization.Flow => (0, -1),
                Parameterization.Eps or Parameterization.V => (0, 0),
                _ => throw new ArgumentException("At sigma = 0 x0 does not determine the score; ask for it at a level with sigma > 0.", nameof(level)),
            };
        }

        return parameterization switch
        {
            Parameterization.X0 => (0, 1),
            Parameterization.Eps => (1 / s, -a / s),
            Parameterization.V => (a / s, -((a * a) + (s * s)) / s),
            Parameterization.Flow => (1 / s, -(a + s) / s),
            Parameterization.Score => (-1 / (s * s), a / (s * s)),
            _ => throw new ArgumentOutOfRangeException(nameof(parameterization)),
        };
    }
}
