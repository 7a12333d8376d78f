using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Grains.Sampling;

/// <summary>The router behind device hosts.</summary>
internal sealed class RemoteRouter(Replicas replicas, ModelReference model, int count) : IRouter<float>
{
    /// <inheritdoc/>
    public int Count => count;

    /// <inheritdoc/>
    public async ValueTask<double[]> WeightsAsync(
        State<float> x, Level level, Condition condition, CancellationToken cancellation = default)
    {
        float[] probabilities = await RemoteModel.EvaluateAsync(replicas, model, x["x"].Values, x.Batch, level, condition, cancellation);
        double[] weights = new double[probabilities.Length];
        for (int row = 0; row < weights.Length; row += count)
        {
            // Summed again in double: a softmax in float32 is off by a few units of the last place.
            double sum = 0;
            for (int k = row; k < row + count; k++)
            {
                sum += probabilities[k];
            }

            for (int k = row; k < row + count; k++)
            {
                weights[k] = probabilities[k] / sum;
            }
        }

        return weights;
    }
}
