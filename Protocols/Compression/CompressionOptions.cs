using System.Globalization;

using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Compression;

/// <summary>How updates are made smaller, as a user chooses it.</summary>
public sealed record CompressionOptions
{
    /// <summary>Names that <see cref="Kind"/> may have.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["none", "bf16", "int8", "top-k"];

    /// <summary>
    /// "none": 4 bytes an element. "bf16": 2, relative error at most 2⁻⁸. "int8": 1 and a scale for each block, error at most 1/254 of the
    /// block's largest. "top-k": 8 bytes for each of the largest elements; the others are 0 and go to the error feedback.
    /// </summary>
    public string Kind { get; init; } = "none";

    /// <summary>Elements of a block of "int8", 1 .. 65536.</summary>
    public int Block { get; init; } = 256;

    /// <summary>Part of the elements that "top-k" keeps, above 0 and at most 1; at least one element is kept.</summary>
    public double Keep { get; init; } = 0.01;

    /// <summary>Whether what was encoded is a difference to the model that training began with, which the receiver must hold.</summary>
    public bool IsDifference => Kind == "top-k";

    /// <summary>Elements that "top-k" keeps of so many.</summary>
    public int Kept(int count) => Math.Clamp((int)Math.Ceiling(Keep * count), Math.Min(1, count), count);

    /// <summary>Checks ranges.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    public void Validate()
    {
        Require(Kinds.Contains(Kind), "kind", $"must be one of {string.Join(", ", Kinds)}, not '{Kind}'");
        Require(Block is >= 1 and <= 65536, "block", $"must be 1 .. 65536, not {Block}");
        Require(Keep is > 0 and <= 1, "keep", string.Create(CultureInfo.InvariantCulture, $"must be above 0 and at most 1, not {Keep}"));
    }

    private static void Require(bool holds, string key, string rule)
    {
        if (!holds)
        {
            throw new SpecException("compression." + key, rule);
        }
    }
}
