using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// A network that is trained, and its float32 weights. With training.precision bfloat16 the network computes with the weights rounded to
/// bfloat16, whatever holds them; otherwise both are one. Where the network has a fused form, gradients come from it instead of autograd.
/// </summary>
internal sealed class WorkingCopy : IDisposable
{
    private readonly Network _network;
    private readonly bool _rounded;

    /// <summary>Prepares a network.</summary>
    /// <param name="network">The network, float32, on the device to train on; owned from here on.</param>
    /// <param name="precision">training.precision.</param>
    /// <param name="batch">Samples of a step.</param>
    /// <param name="initialize">Fills the initial weights.</param>
    public WorkingCopy(Network network, string precision, int batch, Action<ModelVector> initialize)
    {
        using IDisposable noGrad = no_grad();
        _network = network;
        _rounded = precision == "bfloat16";
        Dtype = float32;
        Vector = ModelVector.Adopt(network);
        Fused = FusedNetworks.TryCreate(network, Vector, batch, get_num_threads());
        if (_rounded && Fused is null)
        {
            // The fused passes multiply in float32 whatever the working copy is rounded to; libtorch has bfloat16 products.
            Vector.Dispose();
            Dtype = bfloat16;
            network.to(Dtype);
            Vector = ModelVector.Adopt(network);
        }

        initialize(Vector);
        Master = _rounded ? Vector.Values.to(float32, copy: true).DetachFromDisposeScope() : Vector.Values;
        Round();
    }

    /// <summary>What the network's parameters and gradients are views of.</summary>
    public ModelVector Vector { get; }

    /// <summary>The float32 weights.</summary>
    public Tensor Master { get; }

    /// <summary>Type in which the network computes.</summary>
    public ScalarType Dtype { get; }

    /// <summary>The fused form, or null.</summary>
    public IFusedNetwork? Fused { get; }

    /// <summary>Takes over <see cref="Master"/> after a change.</summary>
    public void Round()
    {
        if (_rounded)
        {
            using Tensor rounded = Master.to(bfloat16);
            Vector.Values.copy_(rounded);
        }
    }

    /// <summary>The gradient of a batch, in place of the last one. Returns the loss.</summary>
    public double Gradient(TrainingTensors batch)
    {
        Vector.Gradients.zero_();
        if (Fused is not null)
        {
            Fused.Load();
            return batch.Accumulate(Fused);
        }

        using IDisposable grad = enable_grad();
        Tensor loss = batch.To(Vector.Values.device).Loss(_network, Dtype);
        loss.backward();
        return loss.item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Fused?.Dispose();
        Master.Dispose();
        Vector.Dispose();
        _network.Dispose();
    }
}
