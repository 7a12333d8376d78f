namespace OrleansDDM.Protocols.Machines;

/// <summary>A row of draws of <see cref="CounterRandom"/>: one key, counter 0, 1, 2, ...</summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="role">Name of what the draws are for.</param>
/// <param name="a">First key, e.g. the peer.</param>
/// <param name="b">Second key, e.g. the round.</param>
public sealed class CounterStream(ulong seed, string role, ulong a = 0, ulong b = 0)
{
    private readonly ulong _role = CounterRandom.Role(role);
    private ulong _counter;

    /// <summary>64 uniform bits.</summary>
    public ulong Bits() => CounterRandom.Bits(seed, _role, a, b, _counter++);

    /// <summary>Uniform in [0, 1).</summary>
    public double Unit() => CounterRandom.Unit(Bits());

    /// <summary>Uniform in 0 .. <paramref name="count"/> − 1.</summary>
    public int Below(int count) => CounterRandom.Below(Bits(), count);

    /// <summary>Standard normal (Box and Muller).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Unit())) * Math.Cos(2 * Math.PI * Unit());

    /// <summary>Gamma of this shape and scale 1 (Marsaglia and Tsang, 2000; boosted below shape 1), never exactly 0.</summary>
    public double Gamma(double shape)
    {
        if (shape < 1)
        {
            return Math.Max(Gamma(shape + 1) * Math.Pow(1 - Unit(), 1 / shape), double.Epsilon);
        }

        double d = shape - (1.0 / 3), c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = Normal(), v = Math.Pow(1 + (c * x), 3);
            if (v > 0 && Math.Log(1 - Unit()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
            {
                return d * v;
            }
        }
    }

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Draws <paramref name="count"/> different numbers below <paramref name="total"/>, in the order drawn.</summary>
    public int[] Distinct(int count, int total)
    {
        int[] all = [.. Enumerable.Range(0, total)];
        int take = Math.Min(count, total);
        for (int i = 0; i < take; i++)
        {
            int j = i + Below(total - i);
            (all[i], all[j]) = (all[j], all[i]);
        }

        return all[..take];
    }
}
