using System.Collections.Concurrent;

using OrleansDDM.Learning.Training;

namespace OrleansDDM.Grains.Devices;

/// <summary>The least recently used models of one slot. Used on the slot's thread; only <see cref="Contains"/> and <see cref="Count"/> are for others.</summary>
internal sealed class PredictorCache(int capacity) : IDisposable
{
    private readonly ConcurrentDictionary<string, IPredictor> _open = new();
    private readonly LinkedList<string> _recent = new();

    public int Count => _open.Count;

    public bool Contains(string key) => _open.ContainsKey(key);

    public IPredictor Get(string key, Func<IPredictor> open)
    {
        if (_open.TryGetValue(key, out IPredictor? predictor))
        {
            _recent.Remove(key);
        }
        else
        {
            predictor = open();
            _open[key] = predictor;
        }

        _recent.AddFirst(key);
        while (_recent.Count > capacity)
        {
            string oldest = _recent.Last!.Value;
            _recent.RemoveLast();
            if (_open.TryRemove(oldest, out IPredictor? removed))
            {
                removed.Dispose();
            }
        }

        return predictor;
    }

    public void Dispose()
    {
        foreach (IPredictor predictor in _open.Values)
        {
            predictor.Dispose();
        }

        _open.Clear();
        _recent.Clear();
    }
}
