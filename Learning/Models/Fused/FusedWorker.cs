using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Forward and backward pass of a transformer on a few images at a time. So few stay in the second-level cache together with all their
/// activations, where a whole batch would stream through memory once per operation. One worker belongs to one thread.
/// </summary>
internal sealed unsafe class FusedWorker
{
    private readonly FusedLayers _layers;
    private readonly FusedBlock[] _blocks;
    private readonly FusedNorm _norm;
    private readonly FusedScratch _scratch;
    private readonly float* _tokens;
    private readonly float* _hidden;
    private readonly float* _modulated;
    private readonly float* _pooled;
    private readonly float* _output;
    private readonly float* _target;

    /// <summary>Allocates the activations of up to <paramref name="images"/> images.</summary>
    public FusedWorker(FusedLayers layers, int images, long parameters, NativeArena arena)
    {
        _layers = layers;
        long hidden = (long)images * layers.Tokens * layers.Width;
        long output = (long)images * layers.Tokens * Math.Max(layers.Patches.Inputs, layers.Head.Outputs);
        var attention = new FusedAttention(layers.Tokens, layers.Width, layers.Heads, arena);
        _scratch = new FusedScratch(images, layers.Tokens, layers.Width, arena);
        _blocks = [.. layers.Blocks.Select(block => new FusedBlock(block, attention, _scratch, images, layers.Tokens, layers.Width, arena))];
        _norm = new FusedNorm(images, layers.Tokens, layers.Width, arena);
        _tokens = arena.Allocate(output);
        _hidden = arena.Allocate(hidden);
        _modulated = arena.Allocate(hidden);
        _pooled = arena.Allocate((long)images * layers.Width);
        _output = arena.Allocate(output);
        _target = arena.Allocate(output);
        Gradient = arena.Allocate(parameters);
    }

    /// <summary>Flat gradient that <see cref="Backward"/> adds to.</summary>
    public float* Gradient { get; }

    /// <summary>Runs the network; the result is (images, C, H, W), or (images, K) logits.</summary>
    public void Predict(float* x, int images, float* modulation, int row, float* result)
    {
        Forward(x, images, modulation, row);
        if (_layers.Pools)
        {
            new ReadOnlySpan<float>(_output, images * _layers.Head.Outputs).CopyTo(new Span<float>(result, images * _layers.Head.Outputs));
        }
        else
        {
            _layers.Patchify(result, _output, images, back: true);
        }
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
        _layers.Patchify(target, _target, images, back: false);
        int count = images * _layers.Shape.Size;
        double error = RowKernels.SubtractAndSquare(_output, _target, count);
        var output = new Span<float>(_output, count);
        TensorPrimitives.Multiply(output, 2 * weight, output);
        return weight * error;
    }

    /// <summary>Runs the network and turns its output into the gradient of the cross-entropy.</summary>
    /// <inheritdoc cref="SquaredError"/>
    public double CrossEntropy(float* x, int images, float* modulation, int row, ReadOnlySpan<long> labels, float weight)
    {
        Forward(x, images, modulation, row);
        double loss = 0;
        int classes = _layers.Head.Outputs;
        for (int i = 0; i < images; i++)
        {
            var logits = new Span<float>(_output + i * classes, classes);
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
    public void Backward(int images, float* modulation, float* dmodulation, int row)
    {
        int width = _layers.Width;
        int rows = images * _layers.Tokens;
        float* dh = _hidden;
        float* final = modulation + 6 * width * _blocks.Length;
        float* dfinal = dmodulation + 6 * width * _blocks.Length;
        if (_layers.Pools)
        {
            _layers.Head.ParameterGradient(_pooled, _output, images, Gradient);
            _layers.Head.InputGradient(_output, images, _pooled);
            Spread(images);
        }
        else
        {
            _layers.Head.ParameterGradient(_modulated, _output, rows, Gradient);
            _layers.Head.InputGradient(_output, rows, _scratch.Narrow);
        }

        new Span<float>(dh, rows * width).Clear();
        _norm.Backward(_scratch.Narrow, images, final + width, dfinal, dfinal + width, row, dh);
        for (int i = _blocks.Length - 1; i >= 0; i--)
        {
            _blocks[i].Backward(dh, images, modulation + 6 * width * i, dmodulation + 6 * width * i, row, Gradient);
        }

        _layers.Patches.ParameterGradient(_tokens, dh, rows, Gradient);
    }

    private void Forward(float* x, int images, float* modulation, int row)
    {
        int width = _layers.Width;
        int rows = images * _layers.Tokens;
        int size = _layers.Tokens * width;
        _layers.Patchify(x, _tokens, images, back: false);
        _layers.Patches.Forward(_tokens, rows, _hidden);
        for (int i = 0; i < images; i++)
        {
            RowKernels.AddRows(_layers.Positions, 1, size, _hidden + i * size);
        }

        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i].Forward(_hidden, images, modulation + 6 * width * i, row);
        }

        float* final = modulation + 6 * width * _blocks.Length;
        _norm.Forward(_hidden, images, final, final + width, row, _modulated);
        if (_layers.Pools)
        {
            Average(images);
            _layers.Head.Forward(_pooled, images, _output);
        }
        else
        {
            _layers.Head.Forward(_modulated, rows, _output);
        }
    }

    private void Average(int images)
    {
        new Span<float>(_pooled, images * _layers.Width).Clear();
        for (int i = 0; i < images; i++)
        {
            RowKernels.AddRows(_modulated + i * _layers.Tokens * _layers.Width, _layers.Tokens, _layers.Width, _pooled + i * _layers.Width);
        }

        var pooled = new Span<float>(_pooled, images * _layers.Width);
        TensorPrimitives.Multiply(pooled, 1f / _layers.Tokens, pooled);
    }

    // Derivative of Average: each token gets its share of the pooled gradient.
    private void Spread(int images)
    {
        for (int i = 0; i < images * _layers.Tokens; i++)
        {
            var pooled = new ReadOnlySpan<float>(_pooled + i / _layers.Tokens * _layers.Width, _layers.Width);
            TensorPrimitives.Multiply(pooled, 1f / _layers.Tokens, new Span<float>(_scratch.Narrow + i * _layers.Width, _layers.Width));
        }
    }
}
