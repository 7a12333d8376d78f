using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>An optimizer over one flat parameter vector. Its moments are flat vectors too, so that a checkpoint is a few tensors.</summary>
public interface IOptimizer : IDisposable
{
    /// <summary>The moments to save, by name; each (P) float32.</summary>
    IReadOnlyDictionary<string, Tensor> Moments { get; }

    /// <summary>Updates <paramref name="values"/> in place.</summary>
    /// <param name="values">Parameters, (P) float32.</param>
    /// <param name="gradients">Gradients, (P) float32; may be overwritten.</param>
    /// <param name="step">Number of this update, 1-based.</param>
    /// <param name="learningRate">Rate of this update.</param>
    void Update(Tensor values, Tensor gradients, int step, double learningRate);
}
