namespace OrleansDDM.Learning.Sampling;

/// <summary>Reads the words of a <see cref="CounterStream"/> one after the other.</summary>
internal ref struct WordReader(CounterStream stream)
{
    private readonly CounterStream _stream = stream;
    private readonly uint[] _words = new uint[64];
    private uint _block;
    private int _next = 64;

    /// <summary>An integer uniform in [0, count), by Lemire's multiplication with rejection (2019).</summary>
    public int Below(int count)
    {
        uint n = (uint)count;
        ulong product = (ulong)Next() * n;
        if ((uint)product < n)
        {
            uint threshold = (0u - n) % n;
            while ((uint)product < threshold)
            {
                product = (ulong)Next() * n;
            }
        }

        return (int)(product >> 32);
    }

    private uint Next()
    {
        if (_next == _words.Length)
        {
            _stream.Fill(_words, _block);
            _block += (uint)(_words.Length / 4);
            _next = 0;
        }

        return _words[_next++];
    }
}
