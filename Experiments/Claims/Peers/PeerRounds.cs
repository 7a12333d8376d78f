using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Models;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Peers;

/// <summary>
/// Synchronous rounds of many peers on stacked models: all train, then all mix by one matrix product. Without faults it computes what the
/// event simulation of D-PSGD computes, without messages.
/// </summary>
public sealed class PeerRounds : IDisposable
{
    private readonly PeerLearning _training;
    private readonly ModelBank _bank;
    private readonly int[] _velocities;
    private int[] _rows;
    private int[] _others;

    /// <summary>Peers with their initial models.</summary>
    /// <param name="training">What they learn.</param>
    /// <param name="common">Whether all start from one model, or each from its own.</param>
    public PeerRounds(PeerLearning training, bool common)
    {
        ArgumentNullException.ThrowIfNull(training);
        _training = training;
        int peers = training.Data.Shards.Length;
        _bank = new ModelBank(training.Engine.Kind.Length, 2 * peers);
        _rows = Rent(peers);
        _others = Rent(peers);
        _velocities = training.Step.Momentum > 0 ? Rent(peers) : [.. Enumerable.Repeat(-1, peers)];
        for (int p = 0; p < peers; p++)
        {
            training.Initialise(_bank.Row(_rows[p]), common ? null : p);
            if (_velocities[p] >= 0)
            {
                _bank.Row(_velocities[p]).Clear();
            }
        }
    }

    /// <summary>Number of peers.</summary>
    public int Count => _rows.Length;

    /// <summary>A peer's model.</summary>
    public ReadOnlySpan<float> Model(int peer) => _bank.Row(_rows[peer]);

    /// <summary>Local steps of some peers.</summary>
    public void Train(long round, int steps, IEnumerable<int> peers) =>
        _training.Train(_bank, [.. peers.Select(p => _training.Work(p, round, steps, _rows[p], _velocities[p]))]);

    /// <summary>X ← W X.</summary>
    /// <param name="row">Row of W of each peer: the peers that it mixes; weights sum to 1.</param>
    public void Mix(Func<int, IEnumerable<MixingWeight>> row)
    {
        ArgumentNullException.ThrowIfNull(row);
        float[] w = new float[Count * Count];
        for (int i = 0; i < Count; i++)
        {
            foreach (MixingWeight weight in row(i))
            {
                w[(i * Count) + weight.Node] = (float)weight.Weight;
            }
        }

        ModelMixing.Mix(_bank, _rows, _others, w);
        (_rows, _others) = (_others, _rows);
    }

    /// <summary>Variance-corrected averaging of each peer with its neighbours, with β = 0.5; see <see cref="ModelMixing.VarianceCorrected"/>.</summary>
    public void MixCorrected(Func<int, IReadOnlyList<int>> neighbours)
    {
        ArgumentNullException.ThrowIfNull(neighbours);
        for (int i = 0; i < Count; i++)
        {
            int[] received = [.. neighbours(i).Select(j => _rows[j])];
            if (received.Length > 0)
            {
                ModelMixing.VarianceCorrected(
                    _bank,
                    _others[i],
                    [_rows[i], .. received],
                    [0.5, .. received.Select(_ => 0.5 / received.Length)],
                    [0, .. received.Select(_ => 1.0)],
                    _training.Engine.Kind.Segments);
            }
            else
            {
                _bank.Row(_rows[i]).CopyTo(_bank.Row(_others[i]));
            }
        }

        (_rows, _others) = (_others, _rows);
    }

    /// <summary>Judges the models of some peers.</summary>
    public Judgement[] Judge(IEnumerable<int> peers) => _training.Judge(_bank, [.. peers.Select(p => _rows[p])]);

    /// <summary>Mean accuracy of some peers' own models, 0 .. 1.</summary>
    public double Accuracy(IEnumerable<int> peers) => Judge(peers).Average(j => j.Accuracy);

    /// <summary>(1/P) Σ ‖x_i − x̄‖² over some peers.</summary>
    public double ConsensusDistance(IEnumerable<int> peers) => ModelMixing.ConsensusDistance(_bank, [.. peers.Select(p => _rows[p])]);

    /// <summary>Variance of the first weight, mean over all peers.</summary>
    public double FirstWeightVariance()
    {
        Segment first = _training.Engine.Kind.Segments[0];
        return _rows.Average(r => ModelMixing.Variance(_bank.Row(r).Slice((int)first.Offset, (int)first.Length)));
    }

    /// <inheritdoc/>
    public void Dispose() => _bank.Dispose();

    private int[] Rent(int count) => [.. Enumerable.Range(0, count).Select(_ => _bank.Rent())];
}
