namespace OrleansDDM.Tests.Learning.Metrics;

/// <summary>Images that a small network can tell apart: class k is a bright square in corner k, at a jittered place, in noise.</summary>
internal static class Blobs
{
    internal const int Classes = 4;

    internal static (float[] Images, int[] Labels) Draw(int count, int seed, int channels = 1, int size = 16, int classes = Classes)
    {
        var random = new Random(seed);
        var images = new float[count * channels * size * size];
        var labels = new int[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = random.Next(classes);
            int half = size / 2;
            int left = (labels[i] % 2 * half) + random.Next(half / 2);
            int top = (labels[i] / 2 * half) + random.Next(half / 2);
            for (int p = 0; p < channels * size * size; p++)
            {
                int x = p % size;
                int y = p / size % size;
                bool inside = x >= left && x < left + (half / 2) && y >= top && y < top + (half / 2);
                images[(i * channels * size * size) + p] = (float)((inside ? 0.8 : -0.8) + (0.2 * (random.NextDouble() - 0.5)));
            }
        }

        return (images, labels);
    }
}
