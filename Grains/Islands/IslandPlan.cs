using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Shards;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>
/// Who belongs to the island of one model, what each of its peers holds, and how long it trains. A function of the spec and of class and cluster of each
/// image, so every silo comes to the same.
/// </summary>
/// <param name="Rows">Training rows of the model's cluster at each peer of the island, by its number.</param>
/// <param name="Unreachable">Peers of the island that never answer: the spec's fault on purpose.</param>
/// <param name="Training">Rounds, steps and batch.</param>
internal sealed record IslandPlan(ImmutableSortedDictionary<int, int[]> Rows, ImmutableHashSet<int> Unreachable, IslandTraining Training)
{
    /// <summary>Whether the protocol has one model a round, and not one of each peer.</summary>
    public static bool IsShared(IslandsSpec islands) => islands.Protocol is "modest" or "fedavg";

    /// <summary>SHA-256 of who holds what: where files or data of two hosts differ, this does too.</summary>
    public string Digest
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
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

        if (rows.Count == 0)
        {
            throw new SpecException(
                "islands.minSamples", $"is {islands.MinSamples}, but no peer holds so many images of cluster {role.Index}; lower it or use fewer peers or experts");
        }

        int unreachable = (int)Math.Round(islands.Unreachable * islands.Peers);
        var down = new CounterStream(spec.Seed, "islands-unreachable").Distinct(unreachable, islands.Peers).ToImmutableHashSet();
        return new IslandPlan(rows.ToImmutable(), down.Intersect(rows.Keys), Train(spec, role, rows.ToImmutable()));
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

    private static IslandTraining Train(RunSpec spec, ModelRole role, ImmutableSortedDictionary<int, int[]> rows)
    {
        IslandsSpec islands = spec.Islands;
        int placeBatch = role.IsRouter ? spec.Router.Batch : DenoisingTask.BatchOf(spec);
        int placeSteps = role.IsRouter ? RouterTask.StepsOf(spec) : spec.Training.Steps;
        int batch = islands.Batch > 0 ? islands.Batch : placeBatch;
        int trainers = IsShared(islands) ? Math.Min(islands.SampleSize, rows.Count) : rows.Count;
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
