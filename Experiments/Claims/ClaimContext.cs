using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Claims;

/// <summary>What experiments run on. Keeps the data of the last plan and seed, which neighbouring arms share.</summary>
/// <param name="catalog">Where data sets are.</param>
/// <param name="threads">Threads to train on; 0 = one for each processor.</param>
public sealed class ClaimContext(DatasetCatalog catalog, int threads = 0) : IDisposable
{
    private readonly Dictionary<(PeerDataPlan Plan, ulong Seed), PeerData> _loaded = [];
    private readonly Dictionary<(DataSpec Data, CompareMetric Metric), CompareJudge> _judges = [];

    /// <summary>Threads to train on; 0 = one for each processor.</summary>
    public int Threads => threads;

    /// <summary>Trains whole ensembles; null = nobody does.</summary>
    public IEnsembleTrainer? Ensembles { get; init; }

    /// <summary>Trains whole ensembles.</summary>
    /// <exception cref="InvalidOperationException">Nobody does.</exception>
    public IEnsembleTrainer RequireEnsembles() => Ensembles ?? throw new InvalidOperationException("This experiment trains ensembles; give its context someone who does.");

    /// <summary>
    /// The judge of a data set, trained once on the images that seed 0 leaves for training; it belongs to the context. Heavy work: call it on a thread of its own.
    /// </summary>
    public CompareJudge Judge(DataSpec data, CompareMetric metric, CancellationToken cancellation)
    {
        if (!_judges.TryGetValue((data, metric), out CompareJudge? judge))
        {
            _judges[(data, metric)] = judge = CompareJudge.Train(metric, catalog.Load(data, 0), cancellation);
        }

        return judge;
    }

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
        foreach (CompareJudge judge in _judges.Values)
        {
            judge.Dispose();
        }

        _judges.Clear();
    }
}
