using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Grains.Sampling;

/// <summary>An expert behind a device host.</summary>
internal sealed class RemoteExpert(IDeviceHost host, ModelReference model, ExpertContract contract) : IExpert<float>
{
    /// <inheritdoc/>
    public ExpertContract Contract => contract;

    /// <inheritdoc/>
    public async ValueTask<State<float>> PredictAsync(
        State<float> x, Level level, Condition condition, CancellationToken cancellation = default)
    {
        StateArray<float> array = x["x"];
        float[] values = await RemoteModel.EvaluateAsync(host, model, array.Values, x.Batch, level, condition, cancellation);
        return State<float>.Of(array.Shape, values);
    }
}
