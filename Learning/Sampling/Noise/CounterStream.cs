namespace OrleansDDM.Learning.Sampling;

/// <summary>The words of one (seed, role, sample, step): word i is word i mod 4 of the Philox block with counter (i / 4, step, sample).</summary>
internal readonly struct CounterStream
{
    private readonly uint _key0;
    private readonly uint _key1;
    private readonly uint _step;
    private readonly ulong _sample;

    public CounterStream(ulong seed, string role, ulong sample, ulong step)
    {
        // The role and the upper half of the step go into the key, through Philox itself: the counter has no room for them.
        ulong hash = Fnv1a(role);
        (_key0, _key1, _, _) = Philox4x32.Block((uint)hash, (uint)(hash >> 32), (uint)(step >> 32), 0, (uint)seed, (uint)(seed >> 32));
        _step = (uint)step;
        _sample = sample;
    }

    /// <summary>Fills whole blocks: the length of <paramref name="words"/> is a multiple of 4.</summary>
    public void Fill(Span<uint> words, uint firstBlock)
    {
        for (int i = 0; i + 3 < words.Length; i += 4)
        {
            (words[i], words[i + 1], words[i + 2], words[i + 3]) = Philox4x32.Block(
                firstBlock++, _step, (uint)_sample, (uint)(_sample >> 32), _key0, _key1);
        }
    }

    private static ulong Fnv1a(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in text)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }

        return hash;
    }
}
