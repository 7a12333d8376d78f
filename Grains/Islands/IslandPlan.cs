using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Shards;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>
/// Who belongs to the island of one model, what each of its peers holds, and how long it trains. A function of the spec and of class and cluster of each
/// image, so every silo comes to the same.
/// </summary>
/// <param name="Rows">
/// Training rows of the model's cluster at each peer of the island, by its number. Where images stay with their hosts: at each peer of this host; of one that is
/// not of the island, all that it has, to measure a training with.
/// </param>
/// <param name="Unreachable">Peers of the island that never answer: the spec's fault on purpose.</param>
/// <param name="Training">Rounds, steps and batch.</param>
internal sealed record IslandPlan(ImmutableSortedDictionary<int, int[]> Rows, ImmutableHashSet<int> Unreachable, IslandTraining Training)
{
    /// <summary>Samples of the cluster at each peer of the island, by its number.</summary>
    public required ImmutableSortedDictionary<int, int> Samples { get; init; }

    /// <summary>The plan of the hosts with which images stay; null = every host has them all.</summary>
    public HostPlan? Hosts { get; init; }

    /// <summary>Who sends to whom, by the order of the peers' numbers; null where the protocol needs no topology.</summary>
    public IMixingSchedule? Mixing { get; init; }

    /// <summary>The graph behind it; null where the protocol needs no topology.</summary>
    public Topology? Graph { get; init; }

    /// <summary>Whether the graph is that of a file, of which each host has its own copy.</summary>
    public bool IsGraphOfFile { get; init; }

    /// <summary>SHA-256 of who holds what, and of who sends to whom where a file tells it: where files or data of two hosts differ, this does too.</summary>
    public string Digest
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach ((int from, int to) in IsGraphOfFile ? Graph!.Edges : [])
            {
                hash.AppendData(MemoryMarshal.AsBytes<int>([from, to]));
            }

            if (Hosts is not null)
            {
                hash.AppendData(Convert.FromHexString(Hosts.Fingerprint));
                foreach ((int peer, int samples) in Samples)
                {
                    hash.AppendData(MemoryMarshal.AsBytes<int>([peer, samples]));
                }

                return Convert.ToHexStringLower(hash.GetHashAndReset());
            }

            foreach ((int peer, int[] rows) in Rows)
            {
                hash.AppendData(MemoryMarshal.AsBytes<int>([peer, rows.Length]));
                hash.AppendData(MemoryMarshal.AsBytes<int>(rows));
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>The plan of a model's island.</summary>
    /// <exception cref="SpecException">The images cannot be dealt out so, or no peer holds enough of the cluster.</exception>
    public static IslandPlan Of(RunSpec spec, ModelRole role, IslandData data)
    {
        IslandsSpec islands = spec.Islands;
        if (data.Plan is { } hosts)
        {
            return OnHosts(spec, role, data, hosts);
        }

        int[][] shards = Shards(islands, data, spec.Seed);
        var rows = ImmutableSortedDictionary.CreateBuilder<int, int[]>();
        for (int peer = 0; peer < shards.Length; peer++)
        {
            int[] own = role.IsRouter ? shards[peer] : [.. shards[peer].Where(row => data.Clusters[row] == role.Index)];
            if (role.IsRouter || own.Length >= islands.MinSamples)
            {
                rows.Add(peer, own);
            }
        }

        return Of(spec, role, rows.ToImmutable(), rows.ToImmutableSortedDictionary(r => r.Key, r => r.Value.Length), null);
    }

    /// <summary>What the peers of one host hold, where images stay with their hosts: equal shares of what is there.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="hosts">The hosts, over which the peers are spread in turn.</param>
    /// <param name="host">Name of the host.</param>
    /// <param name="images">Training images that it has.</param>
    /// <returns>Rows of each of its peers, by the peer's number.</returns>
    /// <exception cref="SpecException">It has fewer images than peers.</exception>
    public static ImmutableSortedDictionary<int, int[]> OnHost(RunSpec spec, HostPlan hosts, string host, int images)
    {
        int count = hosts.Shares.Length, index = hosts.IndexOf(host);
        int[] peers = [.. Enumerable.Range(0, spec.Islands.Peers).Where(p => p % count == index)];
        return images >= peers.Length
            ? peers.Zip(ShardPlanner.Iid(images, peers.Length, spec.Seed)).ToImmutableSortedDictionary(p => p.First, p => p.Second)
            : throw new SpecException("islands.peers", $"is {spec.Islands.Peers}, of which {peers.Length} are on host '{host}', but it has only {images} training images; use fewer peers");
    }

    /// <summary>The rows of an island of one, see <see cref="IslandsSpec.Peer"/>.</summary>
    /// <exception cref="SpecException">The images cannot be dealt out so.</exception>
    public static int[] RowsOfOne(RunSpec spec, ModelRole role, IslandData data)
    {
        int[][] shards = Shards(spec.Islands, data, spec.Seed);
        int[][] own = role.IsRouter ? shards : [.. shards.Select(s => s.Where(row => data.Clusters[row] == role.Index).ToArray())];
        int peer = spec.Islands.Peer >= 0 ? spec.Islands.Peer : Array.IndexOf(own, own.MaxBy(o => o.Length));

        // A peer that has nothing of a cluster can only train its expert on what it has.
        return own[peer].Length > 0 ? own[peer] : shards[peer];
    }

    private static IslandPlan OnHosts(RunSpec spec, ModelRole role, IslandData data, HostPlan hosts)
    {
        var samples = ImmutableSortedDictionary.CreateBuilder<int, int>();
        for (int peer = 0; peer < spec.Islands.Peers; peer++)
        {
            int[] own = hosts.Shares[peer % hosts.Shares.Length].Samples[peer / hosts.Shares.Length];
            int count = role.IsRouter ? own.Sum() : own[role.Index];
            if (role.IsRouter || count >= spec.Islands.MinSamples)
            {
                samples.Add(peer, count);
            }
        }

        ImmutableSortedDictionary<int, int[]> rows = OnHost(spec, hosts, data.Host, data.Clusters.Count).ToImmutableSortedDictionary(
            p => p.Key, p => role.IsRouter || !samples.ContainsKey(p.Key) ? p.Value : [.. p.Value.Where(row => data.Clusters[row] == role.Index)]);
        return Of(spec, role, rows, samples.ToImmutable(), hosts);
    }

    private static IslandPlan Of(
        RunSpec spec, ModelRole role, ImmutableSortedDictionary<int, int[]> rows, ImmutableSortedDictionary<int, int> samples, HostPlan? hosts)
    {
        IslandsSpec islands = spec.Islands;
        if (samples.Count == 0)
        {
            throw new SpecException(
                "islands.minSamples", $"is {islands.MinSamples}, but no peer holds so many images of cluster {role.Index}; lower it or use fewer peers or experts");
        }

        int unreachable = (int)Math.Round(islands.Unreachable * islands.Peers);
        var down = new CounterStream(spec.Seed, "islands-unreachable").Distinct(unreachable, islands.Peers).ToImmutableHashSet();
        Topology? graph = IslandProtocols.Of(islands, samples.Count).NeedsTopology ? IslandTopology.Graph(spec, role, [.. samples.Keys]) : null;
        return new IslandPlan(rows, down.Intersect(samples.Keys), Train(spec, role, rows, samples.Count))
        {
            Samples = samples,
            Hosts = hosts,
            Mixing = graph is null ? null : IslandTopology.Mixing(islands, graph),
            Graph = graph,
            IsGraphOfFile = graph is not null && islands.Topology == "file",
        };
    }

    private static IslandTraining Train(RunSpec spec, ModelRole role, ImmutableSortedDictionary<int, int[]> rows, int peers)
    {
        IslandsSpec islands = spec.Islands;
        int placeBatch = role.IsRouter ? spec.Router.Batch : DenoisingTask.BatchOf(spec);
        int placeSteps = role.IsRouter ? RouterTask.StepsOf(spec) : spec.Training.Steps;
        int batch = islands.Batch > 0 ? islands.Batch : placeBatch;
        int trainers = IslandProtocols.Of(islands, peers).IsShared ? Math.Min(islands.SampleSize, peers) : peers;
        long samples = (long)placeSteps * placeBatch, round = (long)trainers * islands.LocalSteps * batch;
        return new IslandTraining(rows, batch, Math.Max(1, (samples + round - 1) / round), islands.LocalSteps);
    }

    private static int[][] Shards(IslandsSpec islands, IslandData data, ulong seed)
    {
        IReadOnlyList<int> labels = data.Labels;
        try
        {
            return islands.Shards switch
            {
                "iid" => ShardPlanner.Iid(labels.Count, islands.Peers, seed),
                "label-sorted" => ShardPlanner.LabelSorted(labels, islands.Peers, islands.ClassesPerPeer, seed),
                "pathological" => ShardPlanner.Pathological(labels, islands.Peers, islands.ClassesPerPeer, seed),
                "file" => FromFile(islands, data),
                "quantity" => ShardPlanner.QuantitySkew(labels.Count, islands.Peers, islands.Alpha, seed),
                _ => ShardPlanner.Dirichlet(labels, islands.Peers, islands.Alpha, seed),
            };
        }
        catch (ArgumentException e)
        {
            throw new SpecException("islands.shards", $"cannot be dealt out as '{islands.Shards}' to {islands.Peers} peers: {e.Message.TrimEnd('.')}");
        }
    }

    private static int[][] FromFile(IslandsSpec islands, IslandData data)
    {
        try
        {
            using StreamReader reader = File.OpenText(islands.ShardsFile);
            return ShardFile.Read(reader, islands.Peers, data.Ids ?? [.. Enumerable.Range(0, data.Labels.Count).Select(i => (long)i)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or NotSupportedException)
        {
            throw new SpecException("islands.shardsFile", $"'{islands.ShardsFile}' cannot be used: {e.Message.TrimEnd('.')}");
        }
    }
}
