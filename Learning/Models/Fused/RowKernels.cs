using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Operations on the rows of a contiguous matrix, and their derivatives. Widths are multiples of 16 unless said otherwise.</summary>
internal static unsafe class RowKernels
{
    private const int Lanes = 16;
    private const float Epsilon = 1e-6f;

    /// <summary>sum += the sum of the rows; any width.</summary>
    public static void AddRows(float* x, int rows, int width, float* sum) => AddRows(x, rows, width, width, sum);

    /// <summary>sum += the sum of the rows, which are <paramref name="distance"/> apart; any width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddRows(float* x, int rows, int width, int distance, float* sum)
    {
        int column = 0;
        for (; column + Lanes <= width; column += Lanes)
        {
            Vector512<float> total = Vector512<float>.Zero;
            for (int row = 0; row < rows; row++)
            {
                total += Vector512.Load(x + row * distance + column);
            }

            (Vector512.Load(sum + column) + total).Store(sum + column);
        }

        for (; column < width; column++)
        {
            float total = 0;
            for (int row = 0; row < rows; row++)
            {
                total += x[row * distance + column];
            }

            sum[column] += total;
        }
    }

    /// <summary>normed = (h - mean) / deviation of each row, and the inverse deviation (layer norm without parameters, Ba et al. 2016).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normalize(float* h, int rows, int width, float* normed, float* inverse)
    {
        for (int row = 0; row < rows; row++, h += width, normed += width)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            for (int i = 0; i < width; i += Lanes)
            {
                sum += Vector512.Load(h + i);
            }

            Vector512<float> mean = Vector512.Create(Sum(sum) / width);
            Vector512<float> squares = Vector512<float>.Zero;
            for (int i = 0; i < width; i += Lanes)
            {
                Vector512<float> centred = Vector512.Load(h + i) - mean;
                squares = Vector512.FusedMultiplyAdd(centred, centred, squares);
            }

            inverse[row] = 1 / MathF.Sqrt(Sum(squares) / width + Epsilon);
            for (int i = 0; i < width; i += Lanes)
            {
                ((Vector512.Load(h + i) - mean) * inverse[row]).Store(normed + i);
            }
        }
    }

    /// <summary>y = normed (1 + scale) + shift, with one scale and shift for all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Modulate(float* normed, int rows, int width, float* shift, float* scale, float* y)
    {
        for (int i = 0; i < width; i += Lanes)
        {
            Vector512<float> factor = Vector512.Load(scale + i) + Vector512<float>.One;
            Vector512<float> offset = Vector512.Load(shift + i);
            for (int row = 0; row < rows; row++)
            {
                Vector512.FusedMultiplyAdd(Vector512.Load(normed + row * width + i), factor, offset).Store(y + row * width + i);
            }
        }
    }

    /// <summary>
    /// Derivative of <see cref="Normalize"/> and <see cref="Modulate"/>: with g = dy (1 + scale), dh += inverse (g - mean(g) - normed mean(g normed));
    /// dshift = sum of dy, dscale = sum of dy normed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ModulateBackward(
        float* dy, float* normed, float* inverse, int rows, int width, float* scale, float* dshift, float* dscale, float* dh)
    {
        for (int i = 0; i < width; i += Lanes)
        {
            Vector512<float> shifts = Vector512<float>.Zero;
            Vector512<float> scales = Vector512<float>.Zero;
            for (int row = 0; row < rows; row++)
            {
                Vector512<float> d = Vector512.Load(dy + row * width + i);
                shifts += d;
                scales = Vector512.FusedMultiplyAdd(d, Vector512.Load(normed + row * width + i), scales);
            }

            shifts.Store(dshift + i);
            scales.Store(dscale + i);
        }

        for (int row = 0; row < rows; row++, dy += width, normed += width, dh += width)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            Vector512<float> product = Vector512<float>.Zero;
            for (int i = 0; i < width; i += Lanes)
            {
                Vector512<float> g = Scaled(dy, scale, i);
                sum += g;
                product = Vector512.FusedMultiplyAdd(g, Vector512.Load(normed + i), product);
            }

            Vector512<float> mean = Vector512.Create(Sum(sum) / width);
            Vector512<float> slope = Vector512.Create(Sum(product) / width);
            for (int i = 0; i < width; i += Lanes)
            {
                Vector512<float> g = Scaled(dy, scale, i) - mean - Vector512.Load(normed + i) * slope;
                Vector512.FusedMultiplyAdd(g, Vector512.Create(inverse[row]), Vector512.Load(dh + i)).Store(dh + i);
            }
        }
    }

    /// <summary>h += gate y, with one gate for all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddGated(float* y, int rows, int width, float* gate, float* h)
    {
        for (int i = 0; i < width; i += Lanes)
        {
            Vector512<float> g = Vector512.Load(gate + i);
            for (int row = 0; row < rows; row++)
            {
                float* at = h + row * width + i;
                Vector512.FusedMultiplyAdd(Vector512.Load(y + row * width + i), g, Vector512.Load(at)).Store(at);
            }
        }
    }

    /// <summary>Derivative of <see cref="AddGated"/>: dy = gate dh, dgate = sum of dh y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddGatedBackward(float* dh, float* y, int rows, int width, float* gate, float* dgate, float* dy)
    {
        for (int i = 0; i < width; i += Lanes)
        {
            Vector512<float> g = Vector512.Load(gate + i);
            Vector512<float> sum = Vector512<float>.Zero;
            for (int row = 0; row < rows; row++)
            {
                Vector512<float> d = Vector512.Load(dh + row * width + i);
                sum = Vector512.FusedMultiplyAdd(d, Vector512.Load(y + row * width + i), sum);
                (d * g).Store(dy + row * width + i);
            }

            sum.Store(dgate + i);
        }
    }

    /// <summary>Softmax of scale x in place over the first <paramref name="width"/> of <paramref name="padded"/> columns; the others become 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(float* x, int rows, int width, int padded, float scale)
    {
        int last = padded - Lanes;
        Vector512<float> valid = Tail(width - last);
        Vector512<float> lowest = Vector512.Create(float.MinValue);
        for (int row = 0; row < rows; row++, x += padded)
        {
            Vector512<float> largest = Vector512.ConditionalSelect(valid, Vector512.Load(x + last), lowest);
            for (int i = 0; i < last; i += Lanes)
            {
                largest = Vector512.Max(largest, Vector512.Load(x + i));
            }

            Vector512<float> max = Vector512.Create(Largest(largest));
            Vector512<float> sum = Vector512<float>.Zero;
            for (int i = 0; i < last; i += Lanes)
            {
                Vector512<float> e = VectorMath.Exp((Vector512.Load(x + i) - max) * scale);
                e.Store(x + i);
                sum += e;
            }

            Vector512<float> end = VectorMath.Exp((Vector512.Load(x + last) - max) * scale);
            end = Vector512.ConditionalSelect(valid, end, Vector512<float>.Zero);
            end.Store(x + last);
            Vector512<float> inverse = Vector512.Create(1 / Sum(sum + end));
            for (int i = 0; i < padded; i += Lanes)
            {
                (Vector512.Load(x + i) * inverse).Store(x + i);
            }
        }
    }

    /// <summary>Derivative of <see cref="Softmax"/> with result p, in place: dx = scale p (dp - sum of dp p).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SoftmaxBackward(float* p, float* dp, int rows, int padded, float scale)
    {
        for (int row = 0; row < rows; row++, p += padded, dp += padded)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            for (int i = 0; i < padded; i += Lanes)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(p + i), Vector512.Load(dp + i), sum);
            }

            Vector512<float> mean = Vector512.Create(Sum(sum));
            for (int i = 0; i < padded; i += Lanes)
            {
                (Vector512.Load(p + i) * (Vector512.Load(dp + i) - mean) * scale).Store(dp + i);
            }
        }
    }

    /// <summary>Replaces x by its GELU and writes the derivative there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gelu(float* x, int count, float* derivative)
    {
        for (int i = 0; i < count; i += Lanes)
        {
            VectorMath.Gelu(Vector512.Load(x + i), out Vector512<float> d).Store(x + i);
            d.Store(derivative + i);
        }
    }

    /// <summary>y = x sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Silu(float* x, int count, float* y)
    {
        for (int i = 0; i < count; i += Lanes)
        {
            Vector512<float> v = Vector512.Load(x + i);
            (v * VectorMath.Sigmoid(v)).Store(y + i);
        }
    }

    /// <summary>Derivative of <see cref="Silu"/> in place: dy becomes dy s (1 + x (1 - s)) with s = sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SiluBackward(float* x, int count, float* dy)
    {
        for (int i = 0; i < count; i += Lanes)
        {
            Vector512<float> v = Vector512.Load(x + i);
            Vector512<float> s = VectorMath.Sigmoid(v);
            Vector512<float> slope = s * (Vector512<float>.One + v * (Vector512<float>.One - s));
            (Vector512.Load(dy + i) * slope).Store(dy + i);
        }
    }

    /// <summary>y -= x, and the sum of the squares of the result; any count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SubtractAndSquare(float* y, float* x, int count)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        int i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            Vector512<float> difference = Vector512.Load(y + i) - Vector512.Load(x + i);
            difference.Store(y + i);
            sum = Vector512.FusedMultiplyAdd(difference, difference, sum);
        }

        double total = Sum(sum);
        for (; i < count; i++)
        {
            y[i] -= x[i];
            total += (double)y[i] * y[i];
        }

        return total;
    }

    /// <summary>y *= x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyBy(float* y, float* x, int count)
    {
        for (int i = 0; i < count; i += Lanes)
        {
            (Vector512.Load(y + i) * Vector512.Load(x + i)).Store(y + i);
        }
    }

    /// <summary>All bits set in the first <paramref name="count"/> lanes.</summary>
    public static Vector512<float> Tail(int count) =>
        Vector512.LessThan(Vector512.CreateSequence(0f, 1f), Vector512.Create((float)count));

    /// <summary>The sum of the lanes, in a fixed order, which <see cref="Vector512.Sum{T}"/> does not promise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> x)
    {
        Vector256<float> eight = x.GetLower() + x.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return four[0] + four[1] + (four[2] + four[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scaled(float* dy, float* scale, int i) =>
        Vector512.Load(dy + i) * (Vector512.Load(scale + i) + Vector512<float>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector512<float> x)
    {
        Vector256<float> eight = Vector256.Max(x.GetLower(), x.GetUpper());
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }
}
