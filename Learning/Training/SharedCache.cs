namespace OrleansDDM.Learning.Training;

/// <summary>
/// Large values that several users share: loaded once however many ask, kept as long as one is held, and beyond that only the few that were
/// used last. Thread-safe.
/// </summary>
/// <param name="idle">How many values stay that nobody holds.</param>
internal sealed class SharedCache<T>(int idle)
{
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Lock _lock = new();
    private long _uses;

    /// <summary>Number of values.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>The value of a key. A failed load is told to all who wait for it, and tried again by the next.</summary>
    public T Get(string key, Func<T> load)
    {
        using IDisposable hold = Hold(key, load, out Entry entry);
        return ValueOf(key, entry);
    }

    /// <summary>Keeps the value of a key, loading it if need be, until what is returned is disposed.</summary>
    public (T Value, IDisposable Hold) Hold(string key, Func<T> load)
    {
        IDisposable hold = Hold(key, load, out Entry entry);
        try
        {
            return (ValueOf(key, entry), hold);
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    private T ValueOf(string key, Entry entry)
    {
        try
        {
            return entry.Value.Value;
        }
        catch
        {
            lock (_lock)
            {
                if (_entries.GetValueOrDefault(key) == entry)
                {
                    _entries.Remove(key);
                }
            }

            throw;
        }
    }

    private Held Hold(string key, Func<T> load, out Entry entry)
    {
        lock (_lock)
        {
            entry = _entries.TryGetValue(key, out Entry? known) ? known : _entries[key] = new Entry(new Lazy<T>(load));
            entry.Holders++;
            return new Held(this, entry);
        }
    }

    private void Release(Entry entry)
    {
        lock (_lock)
        {
            entry.Holders--;
            entry.Used = ++_uses;
            foreach (string key in _entries.Where(e => e.Value.Holders == 0).OrderByDescending(e => e.Value.Used).Skip(idle).Select(e => e.Key).ToArray())
            {
                _entries.Remove(key);
            }
        }
    }

    private sealed class Entry(Lazy<T> value)
    {
        public Lazy<T> Value => value;

        public int Holders { get; set; }

        public long Used { get; set; }
    }

    private sealed class Held(SharedCache<T> cache, Entry entry) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                cache.Release(entry);
            }
        }
    }
}
