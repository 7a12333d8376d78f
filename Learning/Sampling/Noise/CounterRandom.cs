using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// Random numbers as a function of (seed, role, sample, step), without state: what one sample draws at one step does not depend on the
/// batch it sits in, on the order of calls, on the process or on how often a step was retried. The same arguments always give the
/// same numbers, and a longer request starts with a shorter one's; draw independent numbers under another role, sample or step.
/// </summary>
public static class CounterRandom
{
    // Transcendental functions are evaluated on full chunks only, so that a value does not depend on where a request ends.
    private const int Chunk = 64;
    private const float TwoToMinus32 = 1f / 4294967296f;
    private const float TwoToMinus24 = 1f / 16777216f;
    private const double TwoToMinus53 = 1d / 9007199254740992d;

    /// <summary>Standard normal values, by Box and Muller's transform. float and double draw different numbers.</summary>
    /// <param name="values">Filled.</param>
    /// <param name="seed">Seed of the run or request.</param>
    /// <param name="role">What the numbers are for, e.g. <c>training-noise</c>.</param>
    /// <param name="sample">Identity of the sample, independent of its place in a batch.</param>
    /// <param name="step">Step.</param>
    /// <typeparam name="T">float or double.</typeparam>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static void Normal<T>(Span<T> values, ulong seed, string role, ulong sample, ulong step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var stream = new CounterStream(seed, role, sample, step);
        Span<uint> words = stackalloc uint[Chunk * WordsPer<T>()];
        Span<T> chunk = stackalloc T[Chunk];
        for (int offset = 0; offset < values.Length; offset += Chunk)
        {
            stream.Fill(words, (uint)(offset / Chunk * (words.Length / 4)));
            ToUniform(words, chunk, open: true);
            BoxMuller(chunk);
            chunk[..Math.Min(Chunk, values.Length - offset)].CopyTo(values[offset..]);
        }
    }

    /// <summary>Values uniform in [0, 1): multiples of 2^-24 (float) or 2^-53 (double).</summary>
    /// <inheritdoc cref="Normal"/>
    public static void Uniform<T>(Span<T> values, ulong seed, string role, ulong sample, ulong step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var stream = new CounterStream(seed, role, sample, step);
        Span<uint> words = stackalloc uint[Chunk * WordsPer<T>()];
        Span<T> chunk = stackalloc T[Chunk];
        for (int offset = 0; offset < values.Length; offset += Chunk)
        {
            stream.Fill(words, (uint)(offset / Chunk * (words.Length / 4)));
            ToUniform(words, chunk, open: false);
            chunk[..Math.Min(Chunk, values.Length - offset)].CopyTo(values[offset..]);
        }
    }

    /// <summary>One value uniform in [0, 1): the first of <see cref="Uniform{T}(Span{T}, ulong, string, ulong, ulong)"/> in double.</summary>
    public static double Uniform(ulong seed, string role, ulong sample, ulong step)
    {
        Span<uint> words = stackalloc uint[4];
        Span<double> value = stackalloc double[2];
        new CounterStream(seed, role, sample, step).Fill(words, 0);
        ToUniform(words, value, open: false);
        return value[0];
    }

    /// <summary>An integer uniform in [0, <paramref name="count"/>), without modulo bias.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive.</exception>
    public static int Index(int count, ulong seed, string role, ulong sample, ulong step)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var words = new WordReader(new CounterStream(seed, role, sample, step));
        return words.Below(count);
    }

    /// <summary>A uniform random permutation of 0 .. <paramref name="count"/> - 1, by Fisher and Yates' shuffle.</summary>
    /// <param name="count">Number of items, &gt;= 0.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="role">What it is for, e.g. <c>data-order</c>.</param>
    /// <param name="sample">Which of several sequences, e.g. a shard.</param>
    /// <param name="step">Which permutation of the sequence, e.g. the epoch.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public static int[] Permutation(int count, ulong seed, string role, ulong sample, ulong step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var words = new WordReader(new CounterStream(seed, role, sample, step));
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = words.Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    private static int WordsPer<T>() => typeof(T) == typeof(float) ? 1 : typeof(T) == typeof(double) ? 2
        : throw new NotSupportedException($"Random numbers are drawn as float or double, not {typeof(T).Name}.");

    // open: in (0, 1], so that the logarithm exists; else in [0, 1).
    private static void ToUniform<T>(ReadOnlySpan<uint> words, Span<T> values, bool open)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            Span<float> floats = MemoryMarshal.Cast<T, float>(values);
            for (int i = 0; i < floats.Length; i++)
            {
                floats[i] = open ? (words[i] + 0.5f) * TwoToMinus32 : (words[i] >> 8) * TwoToMinus24;
            }

            return;
        }

        Span<double> doubles = MemoryMarshal.Cast<T, double>(values);
        for (int i = 0; i < doubles.Length; i++)
        {
            ulong bits = (((ulong)words[2 * i] << 32) | words[(2 * i) + 1]) >> 11;
            doubles[i] = (bits + (open ? 1UL : 0UL)) * TwoToMinus53;
        }
    }

    private static void BoxMuller<T>(Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<T> radius = values[..(Chunk / 2)];
        Span<T> angle = values[(Chunk / 2)..];
        Span<T> cosine = stackalloc T[Chunk / 2];
        TensorPrimitives.Log(radius, radius);
        TensorPrimitives.Multiply(radius, T.CreateTruncating(-2), radius);
        TensorPrimitives.Sqrt(radius, radius);
        TensorPrimitives.Multiply(angle, T.Tau, angle);
        TensorPrimitives.Cos(angle, cosine);
        TensorPrimitives.Sin(angle, angle);
        TensorPrimitives.Multiply(angle, radius, angle);
        TensorPrimitives.Multiply(cosine, radius, radius);
    }
}
