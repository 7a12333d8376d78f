using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Shards;

/// <summary>
/// Deals samples out to peers. Every method gives one ascending set of sample numbers per peer; the sets are disjoint and hold every
/// sample; no peer is left empty. All are functions of the seed.
/// </summary>
public static class ShardPlanner
{
    /// <summary>Equal shares at random; sizes differ by at most 1.</summary>
    /// <exception cref="ArgumentException">Fewer samples than peers.</exception>
    public static int[][] Iid(int samples, int peers, ulong seed)
    {
        int[] order = Shuffled(samples, peers, seed, "shards-iid");
        return Sorted(Enumerable.Range(0, peers).Select(p => Range(order, (long)samples * p / peers, (long)samples * (p + 1) / peers)));
    }

    /// <summary>
    /// Dirichlet label skew (Hsu et al. 2019): each class is dealt out in proportions drawn from Dir(α). Peers with fewer than
    /// <paramref name="minimum"/> samples are filled up from the largest shards.
    /// </summary>
    /// <exception cref="ArgumentException">α is not positive, or there are too few samples.</exception>
    public static int[][] Dirichlet(IReadOnlyList<int> labels, int peers, double alpha, ulong seed, int minimum = 1)
    {
        RequirePositive(alpha);
        CheckEnough(labels.Count, peers, minimum);
        List<int>[] shards = Empty(peers);
        foreach (IGrouping<int, int> group in ByLabel(labels))
        {
            CounterStream random = new(seed, "shards-dirichlet", (ulong)group.Key);
            int[] members = [.. group];
            random.Shuffle(members.AsSpan());
            Deal(members, Proportions(peers, alpha, random), shards);
        }

        return Sorted(FillUp(shards, minimum));
    }

    /// <summary>
    /// Sorted by label and cut into peers x <paramref name="shardsPerPeer"/> equal pieces, dealt at random (McMahan et al. 2017: 2 pieces).
    /// </summary>
    /// <exception cref="ArgumentException">Fewer samples than pieces.</exception>
    public static int[][] LabelSorted(IReadOnlyList<int> labels, int peers, int shardsPerPeer, ulong seed)
    {
        int pieces = checked(peers * shardsPerPeer);
        CheckEnough(labels.Count, Math.Max(pieces, 1), 1);
        int[] order = Shuffled(labels.Count, peers, seed, "shards-sorted");
        order = [.. order.OrderBy(i => labels[i])];
        int[] deal = [.. Enumerable.Range(0, pieces)];
        new CounterStream(seed, "shards-deal").Shuffle(deal.AsSpan());
        return Sorted(Enumerable.Range(0, peers).Select(p => deal.Skip(p * shardsPerPeer).Take(shardsPerPeer)
            .SelectMany(s => Range(order, (long)labels.Count * s / pieces, (long)labels.Count * (s + 1) / pieces))));
    }

    /// <summary>Each peer holds exactly <paramref name="classesPerPeer"/> classes, or fewer where a class runs out; each class is shared equally by its holders.</summary>
    /// <exception cref="ArgumentException">The classes cannot all be held, or there are too few samples.</exception>
    public static int[][] Pathological(IReadOnlyList<int> labels, int peers, int classesPerPeer, ulong seed)
    {
        IGrouping<int, int>[] groups = [.. ByLabel(labels)];
        CheckEnough(labels.Count, peers, 1);
        if (classesPerPeer < 1 || classesPerPeer > groups.Length || peers * classesPerPeer < groups.Length)
        {
            throw new ArgumentException($"{peers} peers with {classesPerPeer} classes each cannot hold all of {groups.Length} classes.", nameof(classesPerPeer));
        }

        // Slots go round the classes in a shuffled order, so that a peer's classes differ and holders differ by at most one.
        int[] order = [.. Enumerable.Range(0, groups.Length)];
        new CounterStream(seed, "shards-classes").Shuffle(order.AsSpan());
        List<int>[] holders = Empty(groups.Length);
        for (int slot = 0; slot < peers * classesPerPeer; slot++)
        {
            holders[order[slot % groups.Length]].Add(slot / classesPerPeer);
        }

        List<int>[] shards = Empty(peers);
        for (int g = 0; g < groups.Length; g++)
        {
            int[] members = [.. groups[g]];
            new CounterStream(seed, "shards-pathological", (ulong)g).Shuffle(members.AsSpan());
            int first = CounterRandom.Below(CounterRandom.Bits(seed, CounterRandom.Role("shards-first"), (ulong)g), holders[g].Count);
            for (int i = 0; i < members.Length; i++)
            {
                shards[holders[g][(first + i) % holders[g].Count]].Add(members[i]);
            }
        }

        return Sorted(FillUp(shards, 1));
    }

    /// <summary>Sizes drawn from Dir(α), labels at random.</summary>
    /// <exception cref="ArgumentException">α is not positive, or there are too few samples.</exception>
    public static int[][] QuantitySkew(int samples, int peers, double alpha, ulong seed, int minimum = 1)
    {
        RequirePositive(alpha);
        CheckEnough(samples, peers, minimum);
        List<int>[] shards = Empty(peers);
        Deal(Shuffled(samples, peers, seed, "shards-quantity"), Proportions(peers, alpha, new CounterStream(seed, "shards-sizes")), shards);
        return Sorted(FillUp(shards, minimum));
    }

    private static IEnumerable<IGrouping<int, int>> ByLabel(IReadOnlyList<int> labels) =>
        Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).OrderBy(g => g.Key);

    private static List<int>[] Empty(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<int>())];

    private static IEnumerable<int> Range(int[] order, long from, long end) => order.Skip((int)from).Take((int)(end - from));

    private static int[][] Sorted(IEnumerable<IEnumerable<int>> shards) => [.. shards.Select(s => s.Order().ToArray())];

    private static int[] Shuffled(int samples, int peers, ulong seed, string role)
    {
        CheckEnough(samples, peers, 1);
        int[] order = [.. Enumerable.Range(0, samples)];
        new CounterStream(seed, role).Shuffle(order.AsSpan());
        return order;
    }

    private static double[] Proportions(int peers, double alpha, CounterStream random)
    {
        double[] draws = [.. Enumerable.Range(0, peers).Select(_ => random.Gamma(alpha))];
        double sum = draws.Sum();
        return [.. draws.Select(d => d / sum)];
    }

    private static void Deal(int[] members, double[] proportions, List<int>[] shards)
    {
        double reached = 0;
        int from = 0;
        for (int p = 0; p < shards.Length; p++)
        {
            reached += proportions[p];
            int end = p == shards.Length - 1 ? members.Length : Math.Clamp((int)Math.Round(reached * members.Length), from, members.Length);
            shards[p].AddRange(members[from..end]);
            from = end;
        }
    }

    private static List<int>[] FillUp(List<int>[] shards, int minimum)
    {
        foreach (List<int> poor in shards)
        {
            while (poor.Count < minimum)
            {
                List<int> rich = shards.MaxBy(s => s.Count)!;
                poor.Add(rich[^1]);
                rich.RemoveAt(rich.Count - 1);
            }
        }

        return shards;
    }

    private static void RequirePositive(double alpha)
    {
        if (!(alpha > 0) || !double.IsFinite(alpha))
        {
            throw new ArgumentException($"Alpha must be positive and finite, not {alpha}.", nameof(alpha));
        }
    }

    private static void CheckEnough(int samples, int peers, int minimum)
    {
        if (peers < 1 || (long)peers * minimum > samples)
        {
            throw new ArgumentException($"{samples} samples are too few for {peers} peers with at least {minimum} each.", nameof(samples));
        }
    }
}
