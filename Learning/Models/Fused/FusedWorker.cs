using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Forward and backward pass of a network on a few images at a time. So few stay in the second-level cache together with all their
/// activations, where a whole batch would stream through memory once per operation. One worker belongs to one thread.
/// </summary>
internal abstract unsafe class FusedWorker
{
    private readonly float* _target;

    /// <summary>Allocates output and gradient.</summary>
    /// <param name="outputSize">Values of one image's output.</param>
    /// <param name="images">Largest number of images.</param>
    /// <param name="parameters">Parameters of the model.</param>
    /// <param name="arena">Keeps them.</param>
    protected FusedWorker(int outputSize, int images, long parameters, NativeArena arena)
    {
        OutputSize = outputSize;
        Output = arena.Allocate((long)images * outputSize);
        _target = arena.Allocate((long)images * outputSize);
        Gradient = arena.Allocate(parameters);
    }

    /// <summary>Flat gradient that <see cref="Backward"/> adds to; the layers know its order.</summary>
    public float* Gradient { get; }

    /// <summary>Values of one image's output.</summary>
    protected int OutputSize { get; }

    /// <summary>What <see cref="Forward"/> writes, in an order of the network's own, and later its gradient; (images, output size).</summary>
    protected float* Output { get; }

    /// <summary>Runs the network; the result is (images, C, H, W), or (images, K) logits.</summary>
    public void Predict(float* x, int images, float* modulation, int row, float* result)
    {
        Forward(x, images, modulation, row);
        Arrange(result, Output, images, back: true);
    }

    /// <summary>Runs the network and turns its output into the gradient of the squared error.</summary>
    /// <param name="x">(images, C, H, W).</param>
    /// <param name="images">Number of images.</param>
    /// <param name="modulation">Of the first image.</param>
    /// <param name="row">Distance of the modulations.</param>
    /// <param name="target">(images, C, H, W).</param>
    /// <param name="weight">Factor on the squared error of one value.</param>
    /// <returns>The weighted squared error.</returns>
    public double SquaredError(float* x, int images, float* modulation, int row, float* target, float weight)
    {
        Forward(x, images, modulation, row);
        Arrange(target, _target, images, back: false);
        int count = images * OutputSize;
        double error = RowKernels.SubtractAndSquare(Output, _target, count);
        var output = new Span<float>(Output, count);
        TensorPrimitives.Multiply(output, 2 * weight, output);
        return weight * error;
    }

    /// <summary>Runs the network and turns its output into the gradient of the cross-entropy.</summary>
    /// <inheritdoc cref="SquaredError"/>
    public double CrossEntropy(float* x, int images, float* modulation, int row, ReadOnlySpan<long> labels, float weight)
    {
        Forward(x, images, modulation, row);
        double loss = 0;
        int classes = OutputSize;
        for (int i = 0; i < images; i++)
        {
            var logits = new Span<float>(Output + i * classes, classes);
            int label = (int)labels[i];
            double largest = TensorPrimitives.Max(logits);
            double sum = 0;
            foreach (float logit in logits)
            {
                sum += Math.Exp(logit - largest);
            }

            double logSum = largest + Math.Log(sum);
            loss += logSum - logits[label];
            for (int k = 0; k < classes; k++)
            {
                logits[k] = weight * (float)(Math.Exp(logits[k] - logSum) - (k == label ? 1 : 0));
            }
        }

        return weight * loss;
    }

    /// <summary>
    /// Backward pass from the gradient that <see cref="SquaredError"/> or <see cref="CrossEntropy"/> left in the output: adds to
    /// <see cref="Gradient"/> and writes the modulation's gradient.
    /// </summary>
    public abstract void Backward(int images, float* modulation, float* dmodulation, int row);

    /// <summary>Runs the network up to <see cref="Output"/>.</summary>
    /// <param name="x">(images, C, H, W).</param>
    /// <param name="images">Number of images.</param>
    /// <param name="modulation">Of the first image.</param>
    /// <param name="row">Distance of the modulations.</param>
    protected abstract void Forward(float* x, int images, float* modulation, int row);

    /// <summary>Copies from the order (images, C, H, W), or (images, K), to that of <see cref="Output"/>, or back.</summary>
    protected abstract void Arrange(float* plain, float* ordered, int images, bool back);
}
