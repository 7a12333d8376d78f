using OrleansDDM.Learning.Models.Fused;

namespace OrleansDDM.Learning.Classification;

/// <summary>Chooses how models of a kind are computed.</summary>
public static class ClassifierEngines
{
    /// <summary>Hand-written kernels for perceptrons where the processor has 512-bit vectors, else stacked TorchSharp operations.</summary>
    /// <param name="kind">The models' shape.</param>
    /// <param name="threads">Threads; 0 = one for each processor.</param>
    /// <param name="kernels">Whether hand-written kernels may be chosen.</param>
    public static IClassifierEngine Create(ClassifierKind kind, int threads = 0, bool kernels = true)
    {
        int count = threads > 0 ? threads : Environment.ProcessorCount;
        return kernels && kind is PerceptronKind perceptron && MatrixProduct.IsSupported
            ? new FusedClassifierEngine(perceptron, count)
            : new StackedClassifierEngine(kind, count);
    }
}
