using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Data;

namespace OrleansDDM.Experiments.Claims;

/// <summary>What experiments run on. Keeps the data of the last plan and seed, which neighbouring arms share.</summary>
/// <param name="catalog">Where data sets are.</param>
/// <param name="threads">Threads to train on; 0 = one for each processor.</param>
public sealed class ClaimContext(DatasetCatalog catalog, int threads = 0) : IDisposable
{
    private readonly Dictionary<(PeerDataPlan Plan, ulong Seed), PeerData> _loaded = [];

    /// <summary>Threads to train on; 0 = one for each processor.</summary>
    public int Threads => threads;

    /// <summary>The data of a plan; it belongs to the context.</summary>
    public PeerData Data(PeerDataPlan plan, ulong seed)
    {
        if (_loaded.TryGetValue((plan, seed), out PeerData? data))
        {
            return data;
        }

        foreach ((PeerDataPlan Plan, ulong Seed) other in _loaded.Keys.Where(k => k.Seed != seed).ToList())
        {
            _loaded.Remove(other, out PeerData? old);
            old!.Dispose();
        }

        return _loaded[(plan, seed)] = PeerData.Load(plan, catalog, seed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PeerData data in _loaded.Values)
        {
            data.Dispose();
        }

        _loaded.Clear();
    }
}
