using OrleansDDM.Learning.Models;

namespace OrleansDDM.Learning.Classification;

/// <summary>Multi-layer perceptron with ReLU: y = W_n relu(... W_1 x + b_1 ...) + b_n; weights are stored (in, out).</summary>
/// <param name="Widths">Inputs, hidden widths, classes; at least two numbers.</param>
public sealed record PerceptronKind(IReadOnlyList<int> Widths)
    : ClassifierKind("mlp-" + string.Join('-', Widths), Widths[0], Widths[^1], Layout(Widths))
{
    /// <summary>784-128-64-10: 109,386 parameters.</summary>
    public static PerceptronKind Benchmark { get; } = new([784, 128, 64, 10]);

    /// <summary>Number of weight matrices.</summary>
    public int Layers => Widths.Count - 1;

    /// <inheritdoc/>
    public override double TrainingFlops =>
        Enumerable.Range(0, Layers).Sum(l => (l == 0 ? 4.0 : 6.0) * Widths[l] * Widths[l + 1]);

    /// <summary>Offset of the weight of a layer.</summary>
    public int Weight(int layer) => (int)Segments[2 * layer].Offset;

    /// <summary>Offset of the bias of a layer.</summary>
    public int Bias(int layer) => (int)Segments[(2 * layer) + 1].Offset;

    /// <inheritdoc/>
    public override (long In, long Out) FansOf(Segment weight) => (weight.Shape[0], weight.Shape[1]);

    /// <summary>Equal widths, equal kinds.</summary>
    public bool Equals(PerceptronKind? other) => other is not null && Widths.SequenceEqual(other.Widths);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    private static IReadOnlyList<Segment> Layout(IReadOnlyList<int> widths)
    {
        ArgumentNullException.ThrowIfNull(widths);
        if (widths.Count < 2 || widths.Any(w => w < 1))
        {
            throw new ArgumentException("A perceptron needs at least two positive widths.", nameof(widths));
        }

        var layout = new ClassifierSegments();
        for (int l = 0; l + 1 < widths.Count; l++)
        {
            layout.Add($"layers.{l}.weight", SegmentRole.Weight, widths[l], widths[l + 1]).Add($"layers.{l}.bias", SegmentRole.Bias, widths[l + 1]);
        }

        return layout.All;
    }
}
