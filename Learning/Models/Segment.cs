namespace OrleansDDM.Learning.Models;

/// <summary>What a segment of a model is, which decides on weight decay.</summary>
public enum SegmentRole
{
    /// <summary>A weight matrix, kernel or embedding table.</summary>
    Weight,

    /// <summary>An additive bias.</summary>
    Bias,

    /// <summary>Scale or shift of a normalisation layer.</summary>
    Norm,
}

/// <summary>One parameter's place in a <see cref="ModelVector"/>.</summary>
/// <param name="Name">Dotted name, as in the safetensors file.</param>
/// <param name="Shape">Shape of the parameter.</param>
/// <param name="Offset">Index of its first element in the vector.</param>
/// <param name="Role">What it is.</param>
/// <param name="Aliases">Further names of the same (tied) parameter.</param>
public sealed record Segment(string Name, long[] Shape, long Offset, SegmentRole Role, IReadOnlyList<string> Aliases)
{
    /// <summary>Number of elements.</summary>
    public long Length => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Whether weight decay applies.</summary>
    public bool Decay => Role == SegmentRole.Weight;
}
