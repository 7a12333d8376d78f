using System.Globalization;

using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Data;

/// <summary>Takes the validation split (and, where there is none, the test split) out of the training images, keyed by image id.</summary>
internal static class SplitKeeper
{
    private static readonly ulong HoldOutRole = KeyedHash.Role("data/hold-out");
    private static readonly ulong LimitRole = KeyedHash.Role("data/limit");

    /// <summary>Splits; each part has at least one image.</summary>
    /// <exception cref="DatasetException">Too few images.</exception>
    /// <exception cref="SpecException">The share leaves less than a third to train on.</exception>
    public static DataSplits Split(ImageDataset all, ImageDataset? test, double validationShare, int limit, ulong seed)
    {
        int parts = test is null ? 3 : 2;
        if (all.Count < parts)
        {
            throw new DatasetException(all.Name, $"has {all.Count} training images; at least {parts} are needed to hold some out");
        }

        if (test is null && validationShare > 1.0 / 3)
        {
            throw new SpecException("data.validation", string.Create(
                CultureInfo.InvariantCulture, $"is {validationShare}, but {all.Name} has no test images, which take as much again: use at most 0.33"));
        }

        long[] ids = all.Ids.ToArray();
        double[] keys = Array.ConvertAll(ids, id => KeyedHash.Uniform(seed, HoldOutRole, (ulong)id));
        int[] order = Order(keys, ids);

        // By threshold, so that an image's part does not depend on how many others there are; only an empty part takes one by rank.
        int validation = Math.Max(1, Array.FindAll(keys, k => k < validationShare).Length);
        int held = test is null ? Math.Max(validation + 1, Array.FindAll(keys, k => k < 2 * validationShare).Length) : validation;
        held = Math.Min(held, all.Count - 1);
        validation = Math.Min(validation, test is null ? held - 1 : held);

        int[] train = order[held..];
        if (limit > 0 && limit < train.Length)
        {
            double[] rank = Array.ConvertAll(train, i => KeyedHash.Uniform(seed, LimitRole, (ulong)ids[i]));
            long[] trainIds = Array.ConvertAll(train, i => ids[i]);
            train = Array.ConvertAll(Order(rank, trainIds)[..limit], i => train[i]);
        }

        return new DataSplits(
            all.Subset(InOrder(train), "train"),
            all.Subset(InOrder(order[..validation]), "validation"),
            test ?? all.Subset(InOrder(order[validation..held]), "test"));
    }

    private static int[] Order(double[] keys, long[] ids)
    {
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(order, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : ids[a].CompareTo(ids[b]));
        return order;
    }

    private static int[] InOrder(int[] indices)
    {
        Array.Sort(indices);
        return indices;
    }
}
