using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Models.Fused;

namespace OrleansDDM.Learning.Classification;

/// <summary>Inputs with a class each, as float32 in native memory. Immutable.</summary>
public sealed unsafe class LabelledInputs : IDisposable
{
    private readonly NativeArena _arena = new();
    private readonly float* _values;
    private readonly int[] _labels;

    /// <summary>Copies inputs.</summary>
    /// <param name="values">(N, width), finite.</param>
    /// <param name="width">Values of an input.</param>
    /// <param name="labels">(N) class of each, from 0.</param>
    /// <exception cref="ArgumentException">Sizes do not fit together, or a value is not finite.</exception>
    public LabelledInputs(ReadOnlySpan<float> values, int width, int[] labels)
        : this(width, labels)
    {
        if (width < 1 || values.Length != (long)width * labels.Length || values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new ArgumentException($"{labels.Length} inputs of {width} finite values are needed, not {values.Length} values.", nameof(values));
        }

        values.CopyTo(new Span<float>(_values, values.Length));
    }

    private LabelledInputs(int width, int[] labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        (Width, _labels) = (width, labels);
        _values = _arena.Allocate((long)width * labels.Length);
    }

    /// <summary>Values of an input.</summary>
    public int Width { get; }

    /// <summary>Number of inputs.</summary>
    public int Count => _labels.Length;

    /// <summary>(N) class of each input.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>First value of the first input.</summary>
    internal float* Values => _values;

    /// <summary>Images as inputs, scaled to [-1, 1] as everywhere: pixel / 127.5 - 1.</summary>
    /// <param name="images">Images with classes.</param>
    /// <param name="rows">Which, in this order; null = all.</param>
    /// <param name="labels">Classes to use instead, one for each row; null = those of the images.</param>
    /// <exception cref="ArgumentException">The images have no classes.</exception>
    public static LabelledInputs Of(ImageDataset images, IReadOnlyList<int>? rows = null, int[]? labels = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (!images.HasLabels)
        {
            throw new ArgumentException($"Data set '{images.Name}' has no classes; a classifier needs them.", nameof(images));
        }

        int[] chosen = [.. rows ?? [.. Enumerable.Range(0, images.Count)]];
        var inputs = new LabelledInputs(images.ImageSize, labels ?? Array.ConvertAll(chosen, row => images.Labels.Span[row]));
        for (int i = 0; i < chosen.Length; i++)
        {
            images.CopyNormalized(chosen[i], new Span<float>(inputs._values + ((long)i * inputs.Width), inputs.Width));
        }

        return inputs;
    }

    /// <summary>One input.</summary>
    public ReadOnlySpan<float> Input(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return new ReadOnlySpan<float>(_values + ((long)index * Width), Width);
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();
}
