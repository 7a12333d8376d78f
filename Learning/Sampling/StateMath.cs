using System.Numerics;
using System.Numerics.Tensors;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// Element-wise arithmetic on states, coefficients in double. Each value depends on its own inputs only, so that the batch a sample sits
/// in changes no bit of it.
/// </summary>
public static class StateMath
{
    /// <summary>a x.</summary>
    public static State<T> Scale<T>(State<T> x, double a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Map(array =>
        {
            var values = new T[array.Values.Length];
            TensorPrimitives.Multiply(array.Values, T.CreateTruncating(a), values);
            return array with { Values = values };
        });
    }

    /// <summary>a x + b y, term by term from the left; a term with coefficient 0 is left out.</summary>
    /// <exception cref="ArgumentException">The states differ in names or shapes.</exception>
    public static State<T> Combine<T>(State<T> x, double a, State<T> y, double b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Combine((x, a), (y, b));

    /// <summary>The sum of coefficient times state, term by term from the left; a term with coefficient 0 is left out.</summary>
    /// <exception cref="ArgumentException">No term, or the states differ in names or shapes.</exception>
    public static State<T> Combine<T>(params ReadOnlySpan<(State<T> X, double Coefficient)> terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (terms.IsEmpty)
        {
            throw new ArgumentException("A sum needs at least one term.", nameof(terms));
        }

        State<T> first = terms[0].X;
        foreach ((State<T> x, _) in terms[1..])
        {
            RequireAlike(first, x);
        }

        var arrays = new StateArray<T>[first.Arrays.Count];
        for (int i = 0; i < arrays.Length; i++)
        {
            var values = new T[first.Arrays[i].Values.Length];
            bool written = false;
            foreach ((State<T> x, double coefficient) in terms)
            {
                T c = T.CreateTruncating(coefficient);
                if (coefficient == 0)
                {
                    continue;
                }

                if (written)
                {
                    TensorPrimitives.MultiplyAdd(x.Arrays[i].Values, c, values, values);
                }
                else
                {
                    TensorPrimitives.Multiply(x.Arrays[i].Values, c, values);
                    written = true;
                }
            }

            arrays[i] = first.Arrays[i] with { Values = values };
        }

        return new State<T>(arrays);
    }

    /// <summary>Every value clipped to [low, high].</summary>
    public static State<T> Clip<T>(State<T> x, double low, double high)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Map(array =>
        {
            var values = new T[array.Values.Length];
            TensorPrimitives.Clamp(array.Values, T.CreateTruncating(low), T.CreateTruncating(high), values);
            return array with { Values = values };
        });
    }

    /// <summary>Throws unless both states have the same names and shapes.</summary>
    /// <exception cref="ArgumentException">They differ.</exception>
    public static void RequireAlike<T>(State<T> x, State<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        bool alike = x.Arrays.Count == y.Arrays.Count
            && x.Arrays.Zip(y.Arrays).All(p => p.First.Name == p.Second.Name && p.First.Shape.AsSpan().SequenceEqual(p.Second.Shape));
        if (!alike)
        {
            throw new ArgumentException($"States must have the same arrays, but one has {Describe(x)} and the other {Describe(y)}.", nameof(y));
        }
    }

    internal static void RequireFinite<T>(State<T> x, string what, Level level)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (StateArray<T> array in x.Arrays)
        {
            if (!TensorPrimitives.IsFiniteAll<T>(array.Values))
            {
                throw new ArithmeticException($"{what} has a NaN or an infinity in array '{array.Name}' at {level}.");
            }
        }
    }

    private static string Describe<T>(State<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        string.Join(", ", x.Arrays.Select(a => $"{a.Name} ({string.Join(", ", a.Shape)})"));
}
