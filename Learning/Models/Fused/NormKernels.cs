using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Group norm (Wu and He 2018) with groups of 8 channels, and SiLU, on one plane of 16 channels of a <see cref="FeatureMap"/>; a vector
/// of statistics holds the first group's in its lower half and the second one's in its upper half.
/// </summary>
internal static unsafe class NormKernels
{
    private const int Lanes = MapGeometry.Lanes;
    private const float Epsilon = 1e-5f;

    /// <summary>Mean and inverse deviation of each group.</summary>
    /// <param name="x">First pixel.</param>
    /// <param name="geometry">Of the plane.</param>
    /// <param name="mean">(16).</param>
    /// <param name="inverse">(16).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Statistics(float* x, MapGeometry geometry, float* mean, float* inverse)
    {
        int width = geometry.Width * Lanes;
        int even = geometry.Width / 2 * 2 * Lanes;
        Vector512<float> sum0 = Vector512<float>.Zero;
        Vector512<float> sum1 = Vector512<float>.Zero;
        float* line = x;
        for (int y = 0; y < geometry.Height; y++, line += geometry.Line)
        {
            for (int i = 0; i < even; i += 2 * Lanes)
            {
                sum0 += Vector512.Load(line + i);
                sum1 += Vector512.Load(line + i + Lanes);
            }

            if (even < width)
            {
                sum0 += Vector512.Load(line + even);
            }
        }

        float share = 1f / (8 * geometry.Height * geometry.Width);
        Vector512<float> centre = GroupSum(sum0 + sum1) * share;
        sum0 = Vector512<float>.Zero;
        sum1 = Vector512<float>.Zero;
        line = x;
        for (int y = 0; y < geometry.Height; y++, line += geometry.Line)
        {
            for (int i = 0; i < even; i += 2 * Lanes)
            {
                Vector512<float> a = Vector512.Load(line + i) - centre;
                Vector512<float> b = Vector512.Load(line + i + Lanes) - centre;
                sum0 = Vector512.FusedMultiplyAdd(a, a, sum0);
                sum1 = Vector512.FusedMultiplyAdd(b, b, sum1);
            }

            if (even < width)
            {
                Vector512<float> a = Vector512.Load(line + even) - centre;
                sum0 = Vector512.FusedMultiplyAdd(a, a, sum0);
            }
        }

        Vector512<float> variance = GroupSum(sum0 + sum1) * share;
        centre.Store(mean);
        (Vector512<float>.One / Vector512.Sqrt(variance + Vector512.Create(Epsilon))).Store(inverse);
    }

    /// <summary>y = SiLU(u) with u = (x - mean) inverse scale + shift, and the derivative of y by u.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* x, MapGeometry geometry, float* mean, float* inverse, float* scale, float* shift, float* y, float* slope)
    {
        Vector512<float> factor = Vector512.Load(inverse) * Vector512.Load(scale);
        Vector512<float> offset = Vector512.Load(shift) - Vector512.Load(mean) * factor;
        long toY = y - x;
        long toSlope = slope - x;
        for (int row = 0; row < geometry.Height; row++, x += geometry.Line)
        {
            for (float* p = x, end = x + geometry.Width * Lanes; p < end; p += Lanes)
            {
                Vector512<float> u = Vector512.FusedMultiplyAdd(Vector512.Load(p), factor, offset);
                Vector512<float> s = VectorMath.Sigmoid(u);
                Vector512<float> result = u * s;
                result.Store(p + toY);
                Vector512.FusedMultiplyAdd(s, Vector512<float>.One - result, result).Store(p + toSlope);    // s (1 + u (1 - s))
            }
        }
    }

    /// <summary>
    /// First half of the derivative: du = dy slope, in place of dy; adds the sums of du and of du normed, which are the gradients of shift and
    /// scale, and writes the means over each group of g and of g normed, where g = du scale.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Reduce(
        float* x, float* slope, float* dy, MapGeometry geometry, float* mean, float* inverse, float* scale, float* dshift, float* dscale, float* means)
    {
        Vector512<float> factor = Vector512.Load(inverse);
        Vector512<float> offset = -Vector512.Load(mean) * factor;
        Vector512<float> shifts = Vector512<float>.Zero;
        Vector512<float> scales = Vector512<float>.Zero;
        long toX = x - dy;
        long toSlope = slope - dy;
        for (int row = 0; row < geometry.Height; row++, dy += geometry.Line)
        {
            for (float* p = dy, end = dy + geometry.Width * Lanes; p < end; p += Lanes)
            {
                Vector512<float> du = Vector512.Load(p) * Vector512.Load(p + toSlope);
                du.Store(p);
                shifts += du;
                scales = Vector512.FusedMultiplyAdd(du, Vector512.FusedMultiplyAdd(Vector512.Load(p + toX), factor, offset), scales);
            }
        }

        (Vector512.Load(dshift) + shifts).Store(dshift);
        (Vector512.Load(dscale) + scales).Store(dscale);
        float share = 1f / (8 * geometry.Height * geometry.Width);
        Vector512<float> weight = Vector512.Load(scale) * share;
        GroupSum(shifts * weight).Store(means);
        GroupSum(scales * weight).Store(means + Lanes);
    }

    /// <summary>Second half of the derivative: dx = inverse (g - mean(g) - normed mean(g normed)) + residual.</summary>
    /// <param name="x">First pixel of the norm's input.</param>
    /// <param name="du">First pixel of what <see cref="Reduce"/> left.</param>
    /// <param name="geometry">Of the planes.</param>
    /// <param name="mean">Of the forward pass.</param>
    /// <param name="inverse">Of the forward pass.</param>
    /// <param name="scale">(16).</param>
    /// <param name="means">Of <see cref="Reduce"/>.</param>
    /// <param name="residual">First pixel of what is added, or null; it may be <paramref name="dx"/> itself.</param>
    /// <param name="dx">First pixel; it may be <paramref name="du"/> itself.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Spread(
        float* x, float* du, MapGeometry geometry, float* mean, float* inverse, float* scale, float* means, float* residual, float* dx)
    {
        // With normed = inverse (x - mean) it is linear in du and x.
        Vector512<float> deviation = Vector512.Load(inverse);
        Vector512<float> slope = deviation * Vector512.Load(scale);
        Vector512<float> factor = -deviation * deviation * Vector512.Load(means + Lanes);
        Vector512<float> offset = -deviation * Vector512.Load(means) - factor * Vector512.Load(mean);
        long toDu = du - x;
        long toDx = dx - x;
        long toResidual = residual is null ? 0 : residual - x;
        for (int row = 0; row < geometry.Height; row++, x += geometry.Line)
        {
            for (float* p = x, end = x + geometry.Width * Lanes; p < end; p += Lanes)
            {
                Vector512<float> d = Vector512.FusedMultiplyAdd(Vector512.Load(p), factor, offset);
                d = Vector512.FusedMultiplyAdd(Vector512.Load(p + toDu), slope, d);
                if (residual is not null)
                {
                    d += Vector512.Load(p + toResidual);
                }

                d.Store(p + toDx);
            }
        }
    }

    // The sum of each half, in all lanes of that half, in a fixed order.
    private static Vector512<float> GroupSum(Vector512<float> x) => Vector512.Create(HalfSum(x.GetLower()), HalfSum(x.GetUpper()));

    private static Vector256<float> HalfSum(Vector256<float> x)
    {
        Vector128<float> four = x.GetLower() + x.GetUpper();
        return Vector256.Create(four[0] + four[1] + (four[2] + four[3]));
    }
}
