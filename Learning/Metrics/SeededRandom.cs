namespace OrleansDDM.Learning.Metrics;

/// <summary>A small seeded generator, the same on every platform and version (SplitMix64, Steele et al. 2014).</summary>
/// <param name="seed">Any value.</param>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 uniform bits.</summary>
    internal ulong Bits()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    internal double Uniform() => (Bits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 .. bound - 1 (Lemire 2019 without rejection; its bias is below bound / 2^64).</summary>
    internal int Below(int bound) => (int)Math.BigMul(Bits(), (ulong)bound, out _);

    /// <summary>A standard normal value (Box and Muller 1958).</summary>
    internal double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    internal void Shuffle(Span<int> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
