using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

using OrleansDDM.Learning.Models.Fused;

namespace OrleansDDM.Learning.Classification;

/// <summary>
/// Forward and backward pass of one perceptron on a flat row of parameters, for one thread. With H_0 the batch, H_l = relu(H_{l−1} W_l + b_l),
/// P = softmax(H_n): D_n = s (P − Y), D_{l−1} = D_l W_lᵀ where H_{l−1} is positive, and H_{l−1}ᵀ D_l is s times the gradient of W_l. With
/// s = −γ / batch it is added to W_l by the product itself, so that a plain step never writes a gradient down.
/// </summary>
internal sealed unsafe class PerceptronPass : IDisposable
{
    private const int Lanes = 16;
    private const int JudgedAtOnce = 120;

    private readonly PerceptronKind _kind;
    private readonly int[] _strides;
    private readonly float*[] _outputs;
    private readonly float*[] _slopes;
    private readonly float* _gradient;
    private readonly NativeArena _arena = new();
    private NativeArena _buffers = new();
    private float* _transposed;
    private int _rows;

    /// <summary>Makes the working memory.</summary>
    public PerceptronPass(PerceptronKind kind)
    {
        _kind = kind;
        _strides = [.. kind.Widths.Select(w => (w + Lanes - 1) / Lanes * Lanes)];
        _outputs = new float*[kind.Widths.Count];
        _slopes = new float*[kind.Widths.Count];
        _gradient = _arena.Allocate(kind.Length + Lanes);
    }

    /// <summary>All local steps of one peer.</summary>
    public void Train(ModelBank bank, LabelledInputs data, LocalStep step, LocalTraining work)
    {
        Reserve(step.Batch);
        float* model = bank.At(work.Row);
        for (int from = 0; from + step.Batch <= work.Samples.Length; from += step.Batch)
        {
            ReadOnlySpan<int> batch = work.Samples.AsSpan(from, step.Batch);
            Gather(data, batch);
            Forward(model, step.Batch);
            if (step.Radius > 0)
            {
                Sharpen(model, data, batch, step.Radius);
            }

            if (work.Momentum < 0)
            {
                Differentiate(model, data, batch, -work.Rate / step.Batch);
                if (step.Radius > 0)
                {
                    Axpy(-1, _gradient, model);
                }

                AddGradient(step.Batch, model, model);
                continue;
            }

            float* velocity = bank.At(work.Momentum);
            Differentiate(model, data, batch, 1f / step.Batch);
            if (step.Radius > 0)
            {
                Axpy(-1, _gradient, model);
            }

            TensorPrimitives.Multiply(new ReadOnlySpan<float>(velocity, _kind.Length), step.Momentum, new Span<float>(velocity, _kind.Length));
            AddGradient(step.Batch, velocity, velocity);
            Axpy(-work.Rate, velocity, model);
        }
    }

    /// <summary>Accuracy and loss of a model.</summary>
    public Judgement Judge(ModelBank bank, LabelledInputs data, int row)
    {
        Reserve(JudgedAtOnce);
        int right = 0;
        double loss = 0;
        int[] numbers = new int[JudgedAtOnce];
        int last = _kind.Layers;
        for (int from = 0; from < data.Count; from += JudgedAtOnce)
        {
            int count = Math.Min(JudgedAtOnce, data.Count - from);
            for (int i = 0; i < count; i++)
            {
                numbers[i] = from + i;
            }

            Gather(data, numbers.AsSpan(0, count));
            Forward(bank.At(row), count);
            for (int i = 0; i < count; i++)
            {
                var logits = new ReadOnlySpan<float>(_outputs[last] + (i * _strides[last]), _kind.Classes);
                int label = data.Labels[from + i];
                int best = TensorPrimitives.IndexOfMax(logits);
                right += best == label ? 1 : 0;
                loss += LogSum(logits, logits[best]) - logits[label];
            }
        }

        return new Judgement(right / (double)data.Count, loss / data.Count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _arena.Dispose();
        _buffers.Dispose();
    }

    private static double LogSum(ReadOnlySpan<float> logits, float largest)
    {
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return largest + Math.Log(sum);
    }

    private static int Padded(int rows) => (rows + 11) / 12 * 12;

    // Rows are filled up to whole blocks of the matrix product; what stands in the extra ones is never looked at.
    private void Reserve(int rows)
    {
        if (Padded(rows) <= _rows)
        {
            return;
        }

        _rows = Padded(rows);
        _buffers.Dispose();
        _buffers = new NativeArena();
        for (int l = 0; l < _strides.Length; l++)
        {
            _outputs[l] = _buffers.Allocate((long)_rows * _strides[l]);
            _slopes[l] = _buffers.Allocate((long)_rows * _strides[l]);
        }

        int largest = Enumerable.Range(0, _kind.Layers).Max(l => _strides[l] * _kind.Widths[l + 1]);
        _transposed = _buffers.Allocate(largest);
    }

    private void Gather(LabelledInputs data, ReadOnlySpan<int> batch)
    {
        for (int i = 0; i < batch.Length; i++)
        {
            data.Input(batch[i]).CopyTo(new Span<float>(_outputs[0] + (i * _strides[0]), data.Width));
        }
    }

    private void Forward(float* model, int batch)
    {
        int rows = Padded(batch);
        for (int l = 0; l < _kind.Layers; l++)
        {
            int inputs = _kind.Widths[l], outputs = _kind.Widths[l + 1];
            float* weight = model + _kind.Weight(l);
            MatrixProduct.Multiply(
                rows, outputs, inputs, _outputs[l], _strides[l], 1, weight, outputs, model + _kind.Bias(l), 0, _outputs[l + 1], _strides[l + 1]);
            if (l + 1 < _kind.Layers)
            {
                for (int i = 0; i < rows * _strides[l + 1]; i += Lanes)
                {
                    Vector512.Max(Vector512.Load(_outputs[l + 1] + i), Vector512<float>.Zero).Store(_outputs[l + 1] + i);
                }
            }
        }
    }

    // D of every layer, scaled; needs the outputs of Forward.
    private void Differentiate(float* model, LabelledInputs data, ReadOnlySpan<int> batch, float scale)
    {
        int last = _kind.Layers;
        for (int i = 0; i < batch.Length; i++)
        {
            var logits = new ReadOnlySpan<float>(_outputs[last] + (i * _strides[last]), _kind.Classes);
            var slope = new Span<float>(_slopes[last] + (i * _strides[last]), _kind.Classes);
            TensorPrimitives.SoftMax(logits, slope);
            slope[data.Labels[batch[i]]] -= 1;
            TensorPrimitives.Multiply(slope, scale, slope);
        }

        for (int l = last - 1; l > 0; l--)
        {
            int inputs = _kind.Widths[l], outputs = _kind.Widths[l + 1];
            FusedLinear.Transpose(model + _kind.Weight(l), outputs, inputs, outputs, _transposed, _strides[l]);
            MatrixProduct.Multiply(
                batch.Length, inputs, outputs, _slopes[l + 1], _strides[l + 1], 1, _transposed, _strides[l], null, 0, _slopes[l], _strides[l]);
            for (int i = 0; i < batch.Length * _strides[l]; i += Lanes)
            {
                Vector512<float> positive = Vector512.GreaterThan(Vector512.Load(_outputs[l] + i), Vector512<float>.Zero);
                Vector512.ConditionalSelect(positive, Vector512.Load(_slopes[l] + i), Vector512<float>.Zero).Store(_slopes[l] + i);
            }
        }
    }

    // target = start + the scaled gradient; start null for 0.
    private void AddGradient(int batch, float* start, float* target)
    {
        for (int l = 0; l < _kind.Layers; l++)
        {
            int inputs = _kind.Widths[l], outputs = _kind.Widths[l + 1], weight = _kind.Weight(l), bias = _kind.Bias(l);
            MatrixProduct.Multiply(
                inputs, outputs, batch, _outputs[l], 1, _strides[l], _slopes[l + 1], _strides[l + 1], start is null ? null : start + weight, outputs,
                target + weight, outputs);
            if (start is null)
            {
                new Span<float>(target + bias, outputs).Clear();
            }

            RowKernels.AddRows(_slopes[l + 1], batch, outputs, _strides[l + 1], target + bias);
        }
    }

    // Moves the model by ρ g / ‖g‖, leaves that step in the gradient's memory, and goes forward from there.
    private void Sharpen(float* model, LabelledInputs data, ReadOnlySpan<int> batch, float radius)
    {
        Differentiate(model, data, batch, 1f / batch.Length);
        AddGradient(batch.Length, null, _gradient);
        var gradient = new Span<float>(_gradient, _kind.Length);
        TensorPrimitives.Multiply(gradient, radius / (TensorPrimitives.Norm<float>(gradient) + 1e-12f), gradient);
        Axpy(1, _gradient, model);
        Forward(model, batch.Length);
    }

    private void Axpy(float factor, float* x, float* y) => TensorPrimitives.MultiplyAdd(
        new ReadOnlySpan<float>(x, _kind.Length), factor, new ReadOnlySpan<float>(y, _kind.Length), new Span<float>(y, _kind.Length));
}
