using System.Numerics;

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Topologies;

/// <summary>The known families of graphs. Random ones are a function of their seed.</summary>
public static class Graphs
{
    /// <summary>Node i beside i ± 1, wrapped.</summary>
    public static Topology Ring(int count) => Topology.FromEdges(count, Circulant(count, [1]));

    /// <summary>A path 0 - 1 - ... .</summary>
    public static Topology Path(int count) => Topology.FromEdges(count, Enumerable.Range(1, Math.Max(0, count - 1)).Select(i => (i - 1, i)));

    /// <summary>A grid of rows and columns, wrapped at both ends if it is a torus.</summary>
    public static Topology Grid(int rows, int columns, bool torus = false)
    {
        List<(int From, int To)> edges = [];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                int node = (r * columns) + c;
                AddIf(c + 1 < columns || torus, node, (r * columns) + ((c + 1) % columns));
                AddIf(r + 1 < rows || torus, node, ((r + 1) % rows * columns) + c);
            }
        }

        return Topology.FromEdges(rows * columns, edges);

        void AddIf(bool wanted, int from, int to)
        {
            if (wanted && from != to)
            {
                edges.Add((from, to));
            }
        }
    }

    /// <summary>Everyone beside everyone.</summary>
    public static Topology Complete(int count) => Topology.FromEdges(count, Clique(0, count));

    /// <summary>Node 0 beside everyone.</summary>
    public static Topology Star(int count) => Topology.FromEdges(count, Enumerable.Range(1, Math.Max(0, count - 1)).Select(i => (0, i)));

    /// <summary>Two complete halves joined by one edge; the first half takes the odd node.</summary>
    public static Topology Barbell(int count)
    {
        int half = (count + 1) / 2;
        return Topology.FromEdges(count, [.. Clique(0, half), .. Clique(half, count), .. count > 1 ? [(half - 1, half)] : Array.Empty<(int, int)>()]);
    }

    /// <summary>Node i beside i ± 2^j for all 2^j below the count, wrapped.</summary>
    public static Topology Exponential(int count) =>
        Topology.FromEdges(count, Circulant(count, [.. Enumerable.Range(0, BitOperations.Log2((uint)Math.Max(1, count - 1)) + 1).Select(j => 1 << j)]));

    /// <summary>
    /// A connected graph in which every node has this degree: stubs are paired at random, and pairs that make a loop or a double edge are
    /// resolved by switching ends with other edges. A dense one is the complement of a sparse one; one of degree 2 is a shuffled ring.
    /// </summary>
    /// <exception cref="ArgumentException">No such graph exists, or none was found.</exception>
    public static Topology RandomRegular(int count, int degree, ulong seed)
    {
        if (degree < 0 || degree >= count || (long)count * degree % 2 != 0 || (degree < 2 && count > 2))
        {
            throw new ArgumentException($"There is no connected {degree}-regular graph of {count} nodes: the degree must be 2 .. count - 1 and count x degree even.");
        }

        for (ulong attempt = 0; attempt < 100; attempt++)
        {
            CounterStream random = new(seed, "random-regular", attempt);
            if (RegularEdges(count, degree, random) is { } edges && Topology.FromEdges(count, edges) is { IsConnected: true } graph)
            {
                return graph;
            }
        }

        throw new ArgumentException($"No connected {degree}-regular graph of {count} nodes was found in 100 attempts; take another degree or seed.");
    }

    /// <summary>Barabási and Albert (1999): each new node joins <paramref name="links"/> old ones, by their degree.</summary>
    public static Topology BarabasiAlbert(int count, int links, ulong seed)
    {
        if (links < 1 || links >= count)
        {
            throw new ArgumentException($"Links per new node must be 1 .. {count - 1}, not {links}.", nameof(links));
        }

        CounterStream random = new(seed, "barabasi-albert");
        List<(int From, int To)> edges = [];
        List<int> ends = [.. Enumerable.Range(0, links)];
        for (int node = links; node < count; node++)
        {
            HashSet<int> targets = [];
            while (targets.Count < links)
            {
                targets.Add(ends[random.Below(ends.Count)]);
            }

            foreach (int target in targets.Order())
            {
                edges.Add((node, target));
                ends.Add(target);
                ends.Add(node);
            }
        }

        return Topology.FromEdges(count, edges);
    }

    /// <summary>Watts and Strogatz (1998) in the form of Newman and Watts: a ring lattice, and shortcuts instead of moved edges, so that it stays connected.</summary>
    /// <param name="count">Nodes.</param>
    /// <param name="reach">Neighbours on each side of the lattice.</param>
    /// <param name="probability">Probability of a shortcut per lattice edge.</param>
    /// <param name="seed">Seed.</param>
    public static Topology SmallWorld(int count, int reach, double probability, ulong seed)
    {
        CounterStream random = new(seed, "small-world");
        List<(int From, int To)> edges = [.. Circulant(count, [.. Enumerable.Range(1, Math.Min(reach, count / 2))])];
        for (int edge = edges.Count; edge > 0; edge--)
        {
            (int from, int to) = (random.Below(count), random.Below(count));
            if (random.Unit() < probability && from != to)
            {
                edges.Add((from, to));
            }
        }

        return Topology.FromEdges(count, edges);
    }

    /// <summary>Points in the unit square, joined when closer than the radius. It may fall apart: see <see cref="Topology.IsConnected"/>.</summary>
    public static Topology RandomGeometric(int count, double radius, ulong seed)
    {
        CounterStream random = new(seed, "random-geometric");
        (double X, double Y)[] points = [.. Enumerable.Range(0, count).Select(_ => (random.Unit(), random.Unit()))];
        return Topology.FromEdges(count, Clique(0, count).Where(e =>
            Math.Pow(points[e.From].X - points[e.To].X, 2) + Math.Pow(points[e.From].Y - points[e.To].Y, 2) < radius * radius));
    }

    private static IEnumerable<(int From, int To)> Clique(int from, int end)
    {
        for (int i = from; i < end; i++)
        {
            for (int j = i + 1; j < end; j++)
            {
                yield return (i, j);
            }
        }
    }

    private static IEnumerable<(int From, int To)> Circulant(int count, int[] offsets) =>
        offsets.SelectMany(o => Enumerable.Range(0, count).Select(i => (From: i, To: (i + o) % count))).Where(e => e.From != e.To);

    private static IEnumerable<(int From, int To)>? RegularEdges(int count, int degree, CounterStream random)
    {
        if (2 * degree >= count)
        {
            HashSet<(int From, int To)>? rest = Pair(count, count - 1 - degree, random);
            return rest is null ? null : Clique(0, count).Where(e => !rest.Contains(e));
        }

        if (degree == 2)
        {
            int[] order = [.. Enumerable.Range(0, count)];
            random.Shuffle(order.AsSpan());
            return Enumerable.Range(0, count).Select(i => (order[i], order[(i + 1) % count]));
        }

        return Pair(count, degree, random);
    }

    private static HashSet<(int From, int To)>? Pair(int count, int degree, CounterStream random)
    {
        int[] stubs = [.. Enumerable.Range(0, count * degree).Select(i => i % count)];
        random.Shuffle(stubs.AsSpan());
        HashSet<(int From, int To)> edges = [];
        List<(int From, int To)> placed = [], clashes = [];
        for (int i = 0; i < stubs.Length; i += 2)
        {
            (int From, int To) edge = Ordered(stubs[i], stubs[i + 1]);
            (edge.From != edge.To && edges.Add(edge) ? placed : clashes).Add(edge);
        }

        // u-v that clashes and x-y that stands become u-x and v-y.
        for (int tries = 0; clashes.Count > 0 && tries < 1000 + (100 * stubs.Length) && placed.Count > 0; tries++)
        {
            int at = random.Below(placed.Count);
            ((int u, int v), (int x, int y)) = (clashes[^1], placed[at]);
            (x, y) = random.Unit() < 0.5 ? (x, y) : (y, x);
            ((int From, int To) first, (int From, int To) second) = (Ordered(u, x), Ordered(v, y));
            if (u != x && v != y && first != second && !edges.Contains(first) && !edges.Contains(second))
            {
                edges.Remove(placed[at]);
                edges.Add(first);
                edges.Add(second);
                placed[at] = first;
                placed.Add(second);
                clashes.RemoveAt(clashes.Count - 1);
            }
        }

        return clashes.Count == 0 ? edges : null;
    }

    private static (int From, int To) Ordered(int a, int b) => (Math.Min(a, b), Math.Max(a, b));
}
