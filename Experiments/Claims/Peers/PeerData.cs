using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Data;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Shards;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Claims.Peers;

/// <summary>Training images dealt out to peers, and test images that nobody holds. A function of plan and seed.</summary>
public sealed class PeerData : IDisposable
{
    private PeerData(LabelledInputs train, LabelledInputs test, int[][] shards, int classes)
    {
        (Train, Test, Shards, Classes) = (train, test, shards, classes);
    }

    /// <summary>All images that peers hold.</summary>
    public LabelledInputs Train { get; }

    /// <summary>Images to judge on.</summary>
    public LabelledInputs Test { get; }

    /// <summary>For each peer, numbers of its images in <see cref="Train"/>; none is empty.</summary>
    public int[][] Shards { get; }

    /// <summary>Classes.</summary>
    public int Classes { get; }

    /// <summary>Loads and deals out.</summary>
    /// <param name="plan">What to load.</param>
    /// <param name="catalog">Where data sets are.</param>
    /// <param name="seed">Seed of the choice, the shards and the label noise.</param>
    /// <exception cref="DatasetException">Nothing is found, or there are no classes.</exception>
    public static PeerData Load(PeerDataPlan plan, DatasetCatalog catalog, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(catalog);
        DataSplits splits = catalog.Load(new DataSpec { Name = plan.Data }, seed: 0);
        ImageDataset train = splits.Train, test = splits.Test;
        if (!train.HasLabels || !test.HasLabels)
        {
            throw new DatasetException($"Data set '{plan.Data}'", "has no classes; the claims are about classifiers, e.g. of fashion-mnist");
        }

        int wanted = plan.Images == 0 ? train.Count : Math.Min(plan.Images, train.Count);
        int[] rows = train.RowsByRank(Math.Max(wanted, plan.Peers), seed);
        int[] labels = Array.ConvertAll(rows, row => train.Labels.Span[row]);
        int[][] shards = plan.Alpha > 0
            ? ShardPlanner.Dirichlet(labels, plan.Peers, plan.Alpha, seed, Math.Min(Math.Max(1, plan.ImagesPerPeer), rows.Length / plan.Peers))
            : ShardPlanner.Iid(rows.Length, plan.Peers, seed);
        if (plan.ImagesPerPeer > 0)
        {
            shards = [.. shards.Select((shard, peer) => Cut(shard, plan.ImagesPerPeer, seed, peer))];
        }

        // Only now: shards dealt by wrong labels would give a peer of one class other images under that same label, which is no noise to it.
        Corrupt(labels, train.ClassNames.Count, plan.LabelNoise, seed);
        int[] judged = test.RowsByRank(plan.TestImages == 0 ? test.Count : plan.TestImages, seed);
        return new PeerData(LabelledInputs.Of(train, rows, labels), LabelledInputs.Of(test, judged), shards, train.ClassNames.Count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        Test.Dispose();
    }

    private static void Corrupt(int[] labels, int classes, double share, ulong seed)
    {
        CounterStream random = new(seed, "label-noise");
        for (int i = 0; i < labels.Length && share > 0; i++)
        {
            if (random.Unit() < share)
            {
                labels[i] = (labels[i] + 1 + random.Below(classes - 1)) % classes;
            }
        }
    }

    private static int[] Cut(int[] shard, int count, ulong seed, int peer)
    {
        int[] copy = [.. shard];
        new CounterStream(seed, "shard-cut", (ulong)peer).Shuffle(copy.AsSpan());
        return [.. copy.Take(count).Order()];
    }
}
