using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Grains.Sampling;

/// <summary>An expert behind device hosts.</summary>
internal sealed class RemoteExpert(Replicas replicas, ModelReference model, ExpertContract contract) : IExpert<float>
{
    /// <inheritdoc/>
    public ExpertContract Contract => contract;

    /// <inheritdoc/>
    public async ValueTask<State<float>> PredictAsync(
        State<float> x, Level level, Condition condition, CancellationToken cancellation = default)
    {
        StateArray<float> array = x["x"];
        float[] values = await RemoteModel.EvaluateAsync(replicas, model, array.Values, x.Batch, level, condition, cancellation);
        return State<float>.Of(array.Shape, values);
    }
}
