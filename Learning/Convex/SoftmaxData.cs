using System.Numerics.Tensors;

using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Convex;

/// <summary>
/// Inputs a of length 1 with a class each, for softmax regression with a bias. An input that came as v is a = (v / ‖v‖, 1) / √2, so the loss of one
/// input has a Hessian of at most ½, whatever the data are. Immutable and thread-safe.
/// </summary>
public sealed class SoftmaxData
{
    /// <summary>Smoothness of the loss of one input: λ_max(diag p − ppᵀ) ≤ ½ (Böhning 1992), and ‖a‖ = 1.</summary>
    public const double Smoothness = 0.5;

    private readonly float[] _inputs;
    private readonly int[] _labels;

    /// <summary>Scales inputs to length 1 and adds the bias.</summary>
    /// <param name="values">(N, width), finite.</param>
    /// <param name="width">Values of an input, at least 1.</param>
    /// <param name="labels">(N) class of each input, from 0.</param>
    /// <param name="classes">Number of classes, at least 2.</param>
    /// <exception cref="ArgumentException">Sizes do not fit together, a value is not finite, or a label is outside the classes.</exception>
    public SoftmaxData(ReadOnlySpan<float> values, int width, int[] labels, int classes)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (width < 1 || classes < 2 || values.Length != (long)width * labels.Length || values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue)
            || labels.AsSpan().ContainsAnyExceptInRange(0, classes - 1))
        {
            throw new ArgumentException($"{labels.Length} inputs of {width} finite values and labels below {classes}, at least 2, are needed.", nameof(values));
        }

        (_labels, Classes, Width) = (labels, classes, width + 1);
        _inputs = new float[(long)Width * labels.Length];
        double half = Math.Sqrt(0.5);
        for (int row = 0; row < labels.Length; row++)
        {
            ReadOnlySpan<float> from = values.Slice(row * width, width);
            Span<float> to = _inputs.AsSpan(row * Width, Width);
            double norm = 0;
            foreach (float value in from)
            {
                norm += (double)value * value;
            }

            double scale = norm > 0 ? half / Math.Sqrt(norm) : 0;
            for (int i = 0; i < width; i++)
            {
                to[i] = (float)(scale * from[i]);
            }

            to[width] = (float)half;
        }
    }

    /// <summary>Number of inputs.</summary>
    public int Count => _labels.Length;

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Elements of an input, the bias among them.</summary>
    public int Width { get; }

    /// <summary>Elements of the weights x: (classes, width) in one vector.</summary>
    public int Parameters => Classes * Width;

    /// <summary>(N) class of each input.</summary>
    public IReadOnlyList<int> Labels => _labels;

    /// <summary>Images with classes.</summary>
    /// <exception cref="DatasetException">The images have no classes, or only one.</exception>
    public static SoftmaxData Of(ImageDataset images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (!images.HasLabels || images.ClassNames.Count < 2)
        {
            throw new DatasetException($"Data set '{images.Name}'", "has no classes to tell apart; softmax regression needs at least two");
        }

        float[] values = new float[(long)images.Count * images.ImageSize];
        TensorPrimitives.ConvertTruncating<byte, float>(images.Pixels.Span, values);
        return new SoftmaxData(values, images.ImageSize, images.Labels.ToArray(), images.ClassNames.Count);
    }

    /// <summary>Adds weight · Σ over rows of the loss −log softmax(X a)_label and of its gradient.</summary>
    /// <param name="rows">Inputs that count.</param>
    /// <param name="weight">Factor of each.</param>
    /// <param name="x">(classes · width) weights X.</param>
    /// <param name="gradient">(classes · width) added to.</param>
    /// <returns>The weighted sum of the losses.</returns>
    public double AddLoss(ReadOnlySpan<int> rows, double weight, ReadOnlySpan<double> x, Span<double> gradient)
    {
        double sum = 0;
        double[] input = new double[Width], shares = new double[Classes];
        foreach (int row in rows)
        {
            double log = Shares(row, x, input, shares);
            int label = _labels[row];
            sum += log - shares[label];
            for (int c = 0; c < Classes; c++)
            {
                double share = Math.Exp(shares[c] - log) - (c == label ? 1 : 0);
                Span<double> part = gradient.Slice(c * Width, Width);
                TensorPrimitives.MultiplyAdd(input, weight * share, part, part);
            }
        }

        return weight * sum;
    }

    /// <summary>Part of the inputs whose class has the largest share.</summary>
    /// <param name="x">(classes · width) weights.</param>
    public double Accuracy(ReadOnlySpan<double> x)
    {
        double[] input = new double[Width], shares = new double[Classes];
        int right = 0;
        for (int row = 0; row < Count; row++)
        {
            Shares(row, x, input, shares);
            right += TensorPrimitives.IndexOfMax<double>(shares) == _labels[row] ? 1 : 0;
        }

        return Count > 0 ? (double)right / Count : double.NaN;
    }

    // Writes the logits and returns log Σ exp of them.
    private double Shares(int row, ReadOnlySpan<double> x, double[] input, double[] logits)
    {
        TensorPrimitives.ConvertTruncating<float, double>(_inputs.AsSpan(row * Width, Width), input);
        double highest = double.NegativeInfinity;
        for (int c = 0; c < Classes; c++)
        {
            logits[c] = TensorPrimitives.Dot<double>(x.Slice(c * Width, Width), input);
            highest = Math.Max(highest, logits[c]);
        }

        double sum = 0;
        foreach (double logit in logits)
        {
            sum += Math.Exp(logit - highest);
        }

        return highest + Math.Log(sum);
    }
}
