namespace OrleansDDM.Learning.Data;

/// <summary>
/// Randomness as a function of its key: SplitMix64's finaliser (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
/// OOPSLA 2014), chained over the words of a key. No state, so the result for item i never depends on how many items there are.
/// </summary>
internal static class KeyedHash
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>A uniform 64-bit word for the key (seed, role, index, draw).</summary>
    public static ulong Word(ulong seed, ulong role, ulong index, ulong draw = 0) =>
        Chain(Chain(Chain(Mix(seed + Golden), role), index), draw);

    /// <summary>A uniform number in the open interval (0, 1) for the key.</summary>
    public static double Uniform(ulong seed, ulong role, ulong index, ulong draw = 0) =>
        ((Word(seed, role, index, draw) >> 12) + 0.5) * (1.0 / (1UL << 52));

    /// <summary>A role word from its name (FNV-1a, 64 bits).</summary>
    public static ulong Role(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in name)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }

        return Mix(hash);
    }

    private static ulong Chain(ulong state, ulong word) => Mix(state ^ Mix(word + Golden));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
