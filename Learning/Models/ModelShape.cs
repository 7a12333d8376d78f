using System.Globalization;

using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Models;

/// <summary>What a network must fit besides its spec: the data's shape and the number of classes.</summary>
/// <param name="Channels">Image channels; for <c>mlp</c> the number of coordinates.</param>
/// <param name="Height">Image height; 1 for <c>mlp</c>.</param>
/// <param name="Width">Image width; 1 for <c>mlp</c>.</param>
/// <param name="Classes">Number of condition classes; 0 = unconditional.</param>
public sealed record ModelShape(int Channels, int Height, int Width, int Classes)
{
    /// <summary>Values per sample.</summary>
    public int Size => Channels * Height * Width;

    /// <summary>Shape of a batch, (B, C, H, W).</summary>
    public long[] Batch(int count) => [count, Channels, Height, Width];

    /// <summary>Reads what <see cref="ToText"/> writes.</summary>
    /// <exception cref="FormatException">It is not four positive numbers.</exception>
    public static ModelShape Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int[] numbers = [.. text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n < 1 << 20 ? n : -1)];
        return numbers is [> 0, > 0, > 0, >= 0]
            ? new ModelShape(numbers[0], numbers[1], numbers[2], numbers[3])
            : throw new FormatException($"'{text}' is not a shape: channels,height,width,classes.");
    }

    /// <summary><c>channels,height,width,classes</c>.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Channels},{Height},{Width},{Classes}");

    /// <summary>Throws if <paramref name="spec"/> cannot be built for this shape.</summary>
    /// <exception cref="SpecException">Names the key and the rule.</exception>
    public void Check(string key, ModelSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Kind == "dit" && (Height % spec.Patch != 0 || Width % spec.Patch != 0))
        {
            throw new SpecException($"{key}.patch", $"is {spec.Patch}, which does not divide the image size {Height}x{Width}");
        }

        if (spec.Kind == "dit" && spec.Width % 4 != 0)
        {
            throw new SpecException($"{key}.width", $"is {spec.Width}, but a dit's width must be a multiple of 4");
        }

        int scale = 1 << (spec.Depth - 1);
        if (spec.Kind == "unet" && (spec.Depth > 5 || Height % scale != 0 || Width % scale != 0))
        {
            throw new SpecException($"{key}.depth", $"is {spec.Depth}: a unet of that many levels needs an image size that 2^(depth-1) divides, and at most 5 levels; the images are {Height}x{Width}");
        }

        if (spec.Kind == "unet" && spec.Width % 8 != 0)
        {
            throw new SpecException($"{key}.width", $"is {spec.Width}, but a unet's width must be a multiple of 8");
        }

        if (spec.ClassConditional && Classes == 0)
        {
            throw new SpecException($"{key}.classConditional", "is true, but the data has no labels");
        }
    }
}
