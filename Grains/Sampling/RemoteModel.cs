using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Grains.Sampling;

/// <summary>Evaluates a model on a device host in chunks of bounded size, so that no call holds a slot for long or fills a message.</summary>
internal static class RemoteModel
{
    /// <summary>Samples per call.</summary>
    public const int Chunk = 256;

    /// <summary>The predictions of all samples, one after the other.</summary>
    /// <exception cref="ExpertUnavailableException">The host cannot be reached.</exception>
    public static async Task<float[]> EvaluateAsync(
        IDeviceHost host, ModelReference model, float[] x, int batch, Level level, Condition condition, CancellationToken cancellation)
    {
        int width = x.Length / Math.Max(batch, 1);
        try
        {
            var calls = new List<Task<float[]>>();
            for (int from = 0; from < batch; from += Chunk)
            {
                int count = Math.Min(Chunk, batch - from);
                float[] part = count == batch ? x : x[(from * width)..((from + count) * width)];
                int[]? classes = count == batch ? condition.Classes : condition.Classes?[from..(from + count)];
                var request = new EvaluateRequest(model, part, count, level.Time, level.Alpha, level.Sigma, classes);
                calls.Add(host.EvaluateAsync(request, cancellation));
            }

            float[][] parts = await Task.WhenAll(calls);
            return parts.Length == 1 ? parts[0] : [.. parts.SelectMany(p => p)];
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            throw new ExpertUnavailableException($"{model.Role} cannot be reached: {e.Message}", e);
        }
    }
}
