using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// One step's batch: what the network sees and what it should answer. The tensors are float32 (class indices int64) and belong to the caller's
/// dispose scope. Tasks draw them on the CPU.
/// </summary>
/// <param name="Input">(B, C, H, W).</param>
/// <param name="Time">(B).</param>
/// <param name="Classes">Condition, (B) int64, or null.</param>
/// <param name="Target">(B, C, H, W) for a regression, or (B) int64 for a classification.</param>
public sealed record TrainingTensors(Tensor Input, Tensor Time, Tensor? Classes, Tensor Target)
{
    private bool IsClassification => Target.dtype == int64;

    /// <summary>The same batch on a device.</summary>
    public TrainingTensors To(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == DeviceType.CPU ? this : new TrainingTensors(Input.to(device), Time.to(device), Classes?.to(device), Target.to(device));
    }

    /// <summary>The loss, a scalar that autograd can follow: mean squared error or mean cross-entropy, in float32.</summary>
    /// <param name="network">The network, on the device of the batch.</param>
    /// <param name="dtype">Its dtype.</param>
    public Tensor Loss(Network network, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(network);
        return LossOf(network.forward(Input.to(dtype), Time, Classes).to(float32));
    }

    /// <summary>The loss of an answer: mean squared error or mean cross-entropy.</summary>
    /// <param name="output">(B, C, H, W), or (B, K) logits.</param>
    public Tensor LossOf(Tensor output) =>
        IsClassification ? nn.functional.cross_entropy(output, Target) : nn.functional.mse_loss(output, Target);

    /// <summary>The same loss without autograd; its gradient is added to the model vector's.</summary>
    public double Accumulate(IFusedNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        float[] input = Input.contiguous().data<float>().ToArray();
        float[] time = Time.data<float>().ToArray();
        if (IsClassification)
        {
            return network.AccumulateCrossEntropy(input, time, Target.data<long>().ToArray());
        }

        long[] classes = Classes is null ? [] : Classes.data<long>().ToArray();
        return network.AccumulateSquaredError(input, time, classes, Target.contiguous().data<float>().ToArray());
    }
}
