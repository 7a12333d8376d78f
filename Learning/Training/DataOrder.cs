using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// Which row each place of each batch holds: whole passes over the rows, each in an order of its own. A function of (seed, stream, step).
/// Keeps the order of the current pass, so steps are cheap when asked for in sequence.
/// </summary>
public sealed class DataOrder
{
    private readonly IReadOnlyList<int> _rows;
    private readonly int _batch;
    private readonly ulong _seed;
    private readonly string _stream;
    private int[] _order = [];
    private long _pass = -1;

    /// <summary>Orders <paramref name="rows"/> for batches of <paramref name="batch"/>.</summary>
    /// <exception cref="ArgumentException">There are no rows.</exception>
    public DataOrder(IReadOnlyList<int> rows, int batch, ulong seed, string stream)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0)
        {
            throw new ArgumentException($"{stream}: there is nothing to train on.", nameof(rows));
        }

        (_rows, _batch, _seed, _stream) = (rows, batch, seed, stream);
    }

    /// <summary>The rows of batch <paramref name="step"/>.</summary>
    public int[] Batch(int step)
    {
        var batch = new int[_batch];
        long position = (long)step * _batch;
        for (int i = 0; i < _batch; i++, position++)
        {
            long pass = position / _rows.Count;
            if (pass != _pass)
            {
                _order = CounterRandom.Permutation(_rows.Count, _seed, _stream, 0, (ulong)pass);
                _pass = pass;
            }

            batch[i] = _rows[_order[position % _rows.Count]];
        }

        return batch;
    }
}
