namespace OrleansDDM.Protocols.Machines;

/// <summary>
/// Randomness as a function: the same arguments give the same draw, in any order and in any process. Each word goes through the
/// finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), chained. Not for secrets.
/// </summary>
public static class CounterRandom
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>64 uniform bits.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="role">What the draw is for; a name keeps roles apart, see <see cref="Role"/>.</param>
    /// <param name="a">First counter, e.g. the peer.</param>
    /// <param name="b">Second counter, e.g. the round.</param>
    /// <param name="c">Third counter.</param>
    public static ulong Bits(ulong seed, ulong role, ulong a = 0, ulong b = 0, ulong c = 0)
    {
        ulong state = Mix(seed + Golden);
        state = Mix((state ^ Mix(role)) + Golden);
        state = Mix((state ^ Mix(a)) + Golden);
        state = Mix((state ^ Mix(b)) + Golden);
        return Mix((state ^ Mix(c)) + Golden);
    }

    /// <summary>Number of a role from its name: FNV-1a over UTF-16, so that it is the same in every process.</summary>
    public static ulong Role(string name)
    {
        ulong hash = 14695981039346656037;
        foreach (char letter in name)
        {
            hash = (hash ^ letter) * 1099511628211;
        }

        return hash;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public static double Unit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 .. <paramref name="count"/> − 1.</summary>
    public static int Below(ulong bits, int count) => (int)(((UInt128)bits * (ulong)count) >> 64);

    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
