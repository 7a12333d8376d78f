using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>Classes for samples of class-conditional models, in the mix of the training images.</summary>
public static class ClassMix
{
    /// <summary>Share of the images of each of <paramref name="classes"/> classes.</summary>
    public static double[] Shares(ReadOnlySpan<int> labels, int classes)
    {
        var counts = new int[classes];
        foreach (int label in labels)
        {
            counts[label]++;
        }

        double all = Math.Max(1, labels.Length);
        return Array.ConvertAll(counts, count => count / all);
    }

    /// <summary>Class of each of <paramref name="count"/> samples, in the mix of the training images: the labels of <see cref="Rows"/>.</summary>
    /// <param name="train">Labelled images.</param>
    /// <param name="count">Number of samples.</param>
    /// <param name="seed">Seed of the samples.</param>
    /// <exception cref="ArgumentException">The images have no labels.</exception>
    public static int[] Draw(ImageDataset train, int count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(train);
        return train.HasLabels
            ? Array.ConvertAll(Rows(train, count, seed), row => train.Labels.Span[row])
            : throw new ArgumentException($"Images of '{train.Name}' have no labels to draw classes from.", nameof(train));
    }

    /// <summary>A training image for each of <paramref name="count"/> samples, a draw that depends on (seed, sample) alone.</summary>
    public static int[] Rows(ImageDataset train, int count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(train);
        return [.. Enumerable.Range(0, count).Select(i => CounterRandom.Index(train.Count, seed, "evaluation/class", (ulong)i, 0))];
    }
}
