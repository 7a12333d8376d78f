using System.Collections.Immutable;

namespace OrleansDDM.Protocols.Topologies;

/// <summary>
/// Metropolis-Hastings weights on a fixed graph: w_ij = 1 / (1 + max(d_i, d_j)), w_ii = the rest. Symmetric and doubly stochastic on any graph.
/// </summary>
public sealed class MetropolisMixing : IMixingSchedule
{
    private readonly Topology _graph;
    private readonly ImmutableArray<ImmutableArray<MixingWeight>> _rows;

    /// <summary>Weights for this graph.</summary>
    public MetropolisMixing(Topology graph)
    {
        _graph = graph;
        _rows = [.. Enumerable.Range(0, graph.Count).Select(Weights)];
    }

    /// <inheritdoc/>
    public int Count => _graph.Count;

    /// <inheritdoc/>
    public ImmutableArray<MixingWeight> Row(int node, long round) => _rows[node];

    /// <inheritdoc/>
    public ImmutableArray<int> Receivers(int node, long round) => _graph.Neighbours[node];

    private ImmutableArray<MixingWeight> Weights(int i)
    {
        List<MixingWeight> row =
            [.. _graph.Neighbours[i].Select(j => new MixingWeight(j, 1.0 / (1 + Math.Max(_graph.Degree(i), _graph.Degree(j)))))];
        row.Add(new MixingWeight(i, 1 - row.Sum(w => w.Weight)));
        return [.. row.OrderBy(w => w.Node)];
    }
}
