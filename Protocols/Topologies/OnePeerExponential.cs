using System.Collections.Immutable;
using System.Numerics;

namespace OrleansDDM.Protocols.Topologies;

/// <summary>
/// One-peer exponential graph (Ying et al., NeurIPS 2021): in round r node i sends to i + 2^(r mod τ) and mixes half and half with what it
/// gets; τ = ⌈log2 n⌉. For n a power of two, τ rounds average exactly.
/// </summary>
/// <param name="count">Nodes.</param>
public sealed class OnePeerExponential(int count) : IMixingSchedule
{
    /// <inheritdoc/>
    public int Count => count;

    /// <summary>τ = ⌈log2 n⌉, at least 1.</summary>
    public int Period { get; } = Math.Max(1, count <= 1 ? 1 : BitOperations.Log2((uint)(count - 1)) + 1);

    /// <inheritdoc/>
    public ImmutableArray<MixingWeight> Row(int node, long round)
    {
        int sender = (int)(((node - Offset(round)) % count + count) % count);
        return sender == node
            ? [new MixingWeight(node, 1)]
            : [.. new[] { new MixingWeight(node, 0.5), new MixingWeight(sender, 0.5) }.OrderBy(w => w.Node)];
    }

    /// <inheritdoc/>
    public ImmutableArray<int> Receivers(int node, long round)
    {
        int receiver = (int)((node + Offset(round)) % count);
        return receiver == node ? [] : [receiver];
    }

    private long Offset(long round) => 1L << (int)(round % Period);
}
