namespace OrleansDDM.Learning.Metrics;

/// <summary>Vectors that metrics compare: features of images, or images as vectors of pixels. All values are finite.</summary>
public sealed class FeatureSet
{
    /// <summary>Creates a set over <paramref name="values"/>, which are not copied.</summary>
    /// <param name="values">Row-major values. // (N, D)</param>
    /// <param name="width">Values of one vector, D >= 1.</param>
    /// <exception cref="ArgumentException">Not whole vectors, or a value that is NaN or infinite.</exception>
    public FeatureSet(float[] values, int width)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (values.Length % width != 0)
        {
            throw new ArgumentException($"{values.Length} values are not whole vectors of {width}.", nameof(values));
        }

        int bad = Array.FindIndex(values, value => !float.IsFinite(value));
        if (bad >= 0)
        {
            throw new ArgumentException(
                $"Value {bad % width} of vector {bad / width} is {values[bad]}; metrics need finite values (did training or sampling diverge?).", nameof(values));
        }

        Values = values;
        Width = width;
    }

    /// <summary>Row-major values. // (N, D)</summary>
    public float[] Values { get; }

    /// <summary>Number of vectors, N.</summary>
    public int Count => Values.Length / Width;

    /// <summary>Values of one vector, D.</summary>
    public int Width { get; }

    /// <summary>Vector <paramref name="i"/>. // (D)</summary>
    public ReadOnlySpan<float> Row(int i) => Values.AsSpan(i * Width, Width);

    /// <summary>A seeded choice of <paramref name="count"/> vectors without repetition, in random order; all, as they are, where there are no more.</summary>
    public FeatureSet Choose(int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (count >= Count)
        {
            return this;
        }

        int[] order = [.. Enumerable.Range(0, Count)];
        new SeededRandom(seed).Shuffle(order);
        var values = new float[count * Width];
        for (int i = 0; i < count; i++)
        {
            Row(order[i]).CopyTo(values.AsSpan(i * Width));
        }

        return new FeatureSet(values, Width);
    }

    /// <summary>Checks that two sets can be compared.</summary>
    /// <exception cref="ArgumentException">Widths differ, or a set has fewer than <paramref name="least"/> vectors.</exception>
    internal static void Check(FeatureSet a, FeatureSet b, int least)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Width != b.Width)
        {
            throw new ArgumentException($"Vectors of {a.Width} and {b.Width} values cannot be compared; take both from one feature space.", nameof(b));
        }

        if (Math.Min(a.Count, b.Count) < least)
        {
            throw new ArgumentException($"{a.Count} and {b.Count} vectors are too few; the metric needs at least {least} of each.", nameof(b));
        }
    }
}
