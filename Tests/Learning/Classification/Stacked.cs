using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Tests.Learning.Classification;

/// <summary>Small seeded problems: blobs around one centre per class.</summary>
internal static class Stacked
{
    internal static LabelledInputs Blobs(int count, int width, int classes, ulong seed, double noise = 0.5)
    {
        float[] centres = new float[classes * width], values = new float[count * width];
        CounterRandom.Normal<float>(centres, seed, "test-centres", 0, 0);
        CounterRandom.Normal<float>(values, seed, "test-values", 0, 0);
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % classes)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(noise * values[i]) + centres[(labels[i / width] * width) + (i % width)];
        }

        return new LabelledInputs(values, width, labels);
    }

    /// <summary>Stripes whose width is the class, shifted at random.</summary>
    internal static LabelledInputs Stripes(int count, int side, int classes)
    {
        float[] values = new float[count * side * side];
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % classes)];
        for (int i = 0; i < values.Length; i++)
        {
            int image = i / (side * side), column = i % side;
            double shift = CounterRandom.Uniform(1, "test-shift", (ulong)image, 0);
            values[i] = (float)Math.Sin(2 * Math.PI * (((1 + (2 * labels[image])) * column / (double)side) + shift));
        }

        return new LabelledInputs(values, side * side, labels);
    }

    internal static int[] Initial(ModelBank bank, ClassifierKind kind, int models, ulong seed = 3)
    {
        int[] rows = [.. Enumerable.Range(0, models).Select(_ => bank.Rent())];
        for (int i = 0; i < models; i++)
        {
            kind.Initialise(bank.Row(rows[i]), seed, (ulong)i);
        }

        return rows;
    }

    internal static int[] Draw(int count, int total, ulong seed, int peer) =>
        [.. Enumerable.Range(0, count).Select(i => CounterRandom.Index(total, seed, "test-batch", (ulong)peer, (ulong)i))];
}
