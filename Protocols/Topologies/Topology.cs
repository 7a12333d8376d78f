using System.Collections.Immutable;

namespace OrleansDDM.Protocols.Topologies;

/// <summary>An undirected graph without loops or double edges; nodes are 0 .. <see cref="Count"/> − 1. Immutable.</summary>
public sealed class Topology
{
    private Topology(ImmutableArray<ImmutableArray<int>> neighbours) => Neighbours = neighbours;

    /// <summary>Number of nodes.</summary>
    public int Count => Neighbours.Length;

    /// <summary>Neighbours of each node, ascending.</summary>
    public ImmutableArray<ImmutableArray<int>> Neighbours { get; }

    /// <summary>Each edge once, lower node first, in ascending order.</summary>
    public IEnumerable<(int From, int To)> Edges =>
        Enumerable.Range(0, Count).SelectMany(i => Neighbours[i].Where(j => j > i).Select(j => (i, j)));

    /// <summary>Whether every node reaches every other one.</summary>
    public bool IsConnected => Count == 0 || Components().Max(c => c.Count) == Count;

    /// <summary>Builds a graph; an edge given twice counts once.</summary>
    /// <exception cref="ArgumentException">An edge names a node that does not exist, or joins a node to itself.</exception>
    public static Topology FromEdges(int count, IEnumerable<(int From, int To)> edges)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        SortedSet<int>[] sets = [.. Enumerable.Range(0, count).Select(_ => new SortedSet<int>())];
        foreach ((int from, int to) in edges)
        {
            if (from < 0 || to < 0 || from >= count || to >= count || from == to)
            {
                throw new ArgumentException($"Edge {from}-{to} must join two different nodes within 0 .. {count - 1}.", nameof(edges));
            }

            sets[from].Add(to);
            sets[to].Add(from);
        }

        return new Topology([.. sets.Select(s => s.ToImmutableArray())]);
    }

    /// <summary>Reads an edge list: two node numbers a line, separated by white space or a comma; <c>#</c> starts a comment.</summary>
    /// <exception cref="FormatException">A line is not that; it is named.</exception>
    public static Topology Read(TextReader reader)
    {
        List<(int From, int To)> edges = [];
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            string[] parts = line.Split('#')[0].Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0)
            {
                continue;
            }

            if (parts.Length != 2 || !int.TryParse(parts[0], out int from) || !int.TryParse(parts[1], out int to)
                || from < 0 || to < 0 || from == to || Math.Max(from, to) > 1_000_000)
            {
                throw new FormatException($"Line {number} of the topology must be two different node numbers, e.g. \"0 1\".");
            }

            edges.Add((from, to));
        }

        return FromEdges(edges.Count == 0 ? 0 : edges.Max(e => Math.Max(e.From, e.To)) + 1, edges);
    }

    /// <summary>Number of neighbours.</summary>
    public int Degree(int node) => Neighbours[node].Length;

    /// <summary>Connected components of the nodes that are left after removal, largest first.</summary>
    /// <param name="removed">Nodes taken out; none by default.</param>
    public List<List<int>> Components(IReadOnlySet<int>? removed = null)
    {
        bool[] seen = new bool[Count];
        List<List<int>> components = [];
        for (int start = 0; start < Count; start++)
        {
            if (seen[start] || removed?.Contains(start) == true)
            {
                continue;
            }

            seen[start] = true;
            List<int> component = [start];
            for (int head = 0; head < component.Count; head++)
            {
                foreach (int next in Neighbours[component[head]])
                {
                    if (!seen[next] && removed?.Contains(next) != true)
                    {
                        seen[next] = true;
                        component.Add(next);
                    }
                }
            }

            components.Add(component);
        }

        return [.. components.OrderByDescending(c => c.Count).ThenBy(c => c[0])];
    }

    /// <summary>The graph without the edges of these nodes; the numbering stays.</summary>
    public Topology Without(IReadOnlySet<int> removed) =>
        FromEdges(Count, Edges.Where(e => !removed.Contains(e.From) && !removed.Contains(e.To)));

    /// <summary>The part of the graph that these nodes are: node i of it is the i-th of them, and edges to others are left out.</summary>
    public Topology Among(IReadOnlyList<int> nodes)
    {
        var places = nodes.Select((node, place) => (node, place)).ToDictionary(n => n.node, n => n.place);
        return FromEdges(nodes.Count, Edges.Where(e => places.ContainsKey(e.From) && places.ContainsKey(e.To)).Select(e => (places[e.From], places[e.To])));
    }

    /// <summary>The nodes with the most neighbours; ties by lower number.</summary>
    public IEnumerable<int> Hubs(int count) => Enumerable.Range(0, Count).OrderByDescending(Degree).ThenBy(i => i).Take(count);
}
