using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Elementary functions on 16 floats at once, to about one unit in the last place.</summary>
internal static class VectorMath
{
    /// <summary>e^x; 0 below -87 and at most e^88.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts (Cody and Waite 1980); e^r by its Taylor series, 2^n by its exponent bits.
        Vector512<float> clamped = Vector512.Min(Vector512.Max(x, Vector512.Create(-87f)), Vector512.Create(88f));
        Vector512<float> n = Vector512.Round(clamped * 1.44269504f);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), clamped);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        Vector512<float> p = Vector512.Create(1f / 5040);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 720));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        Vector512<int> power = Vector512.ShiftLeft(Vector512.ConvertToInt32Native(n) + Vector512.Create(127), 23);
        Vector512<float> result = p * power.AsSingle();
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(-87f)), Vector512<float>.Zero, result);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>
    /// x Phi(x), where Phi is the standard normal distribution, and its derivative Phi(x) + x phi(x) (Hendrycks and Gimpel 2016, exact form).
    /// Phi by Abramowitz and Stegun 7.1.26, absolute error below 1e-7; it shares its one exponential with phi.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Gelu(Vector512<float> x, out Vector512<float> derivative)
    {
        Vector512<float> bell = Exp(x * x * -0.5f);
        Vector512<float> t = Vector512<float>.One / Vector512.FusedMultiplyAdd(Vector512.Abs(x), Vector512.Create(0.3275911f * 0.70710678f), Vector512<float>.One);
        Vector512<float> tail = Vector512.Create(0.5f * 1.061405429f);
        tail = Vector512.FusedMultiplyAdd(tail, t, Vector512.Create(0.5f * -1.453152027f));
        tail = Vector512.FusedMultiplyAdd(tail, t, Vector512.Create(0.5f * 1.421413741f));
        tail = Vector512.FusedMultiplyAdd(tail, t, Vector512.Create(0.5f * -0.284496736f));
        tail = Vector512.FusedMultiplyAdd(tail, t, Vector512.Create(0.5f * 0.254829592f));
        tail = tail * t * bell;                                                                     // Phi(-|x|)
        Vector512<float> phi = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, Vector512<float>.One - tail);
        derivative = Vector512.FusedMultiplyAdd(x * bell, Vector512.Create(0.39894228f), phi);
        return x * phi;
    }
}
