using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Grains.Sampling;

/// <summary>Evaluates a model on device hosts in chunks of bounded size, so that no call holds a slot for long or fills a message.</summary>
internal static class RemoteModel
{
    /// <summary>Samples per call at most.</summary>
    public const int Chunk = 256;

    /// <summary>Bytes of samples per call at most, but one sample always goes.</summary>
    public const int ChunkBytes = 8 << 20;

    /// <summary>The predictions of all samples, one after the other.</summary>
    /// <exception cref="ExpertUnavailableException">No silo can evaluate it.</exception>
    public static async Task<float[]> EvaluateAsync(
        Replicas replicas, ModelReference model, float[] x, int batch, Level level, Condition condition, CancellationToken cancellation)
    {
        int width = x.Length / Math.Max(batch, 1);
        int chunk = Math.Clamp(ChunkBytes / (sizeof(float) * Math.Max(width, 1)), 1, Chunk);
        var calls = new List<Task<float[]>>();
        for (int from = 0; from < batch; from += chunk)
        {
            int count = Math.Min(chunk, batch - from);
            float[] part = count == batch ? x : x[(from * width)..((from + count) * width)];
            int[]? classes = count == batch ? condition.Classes : condition.Classes?[from..(from + count)];
            calls.Add(replicas.EvaluateAsync(new EvaluateRequest(model, part, count, level.Time, level.Alpha, level.Sigma, classes), cancellation));
        }

        float[][] parts = await Task.WhenAll(calls);
        return parts.Length == 1 ? parts[0] : [.. parts.SelectMany(p => p)];
    }
}
