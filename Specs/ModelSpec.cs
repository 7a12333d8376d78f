namespace OrleansDDM.Specs;

/// <summary>The shape of a network: <c>dit</c>, <c>unet</c> or <c>mlp</c>. Keys of other kinds are ignored.</summary>
public sealed record ModelSpec
{
    /// <summary><c>dit</c> (diffusion transformer), <c>unet</c> (convolutional) or <c>mlp</c> (for 2-D points).</summary>
    public string Kind { get; init; } = "dit";

    /// <summary>DiT: side of a square patch in pixels; must divide height and width.</summary>
    public int Patch { get; init; } = 4;

    /// <summary>Hidden width (DiT, MLP) or channels of the first level (U-Net).</summary>
    public int Width { get; init; } = 64;

    /// <summary>Number of blocks (DiT, MLP) or of resolution levels (U-Net).</summary>
    public int Depth { get; init; } = 4;

    /// <summary>DiT: attention heads; must divide <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Whether the network takes the class label as a condition.</summary>
    public bool ClassConditional { get; init; }

    /// <summary>Share of training samples whose class is dropped, so that guidance has an unconditional prediction; [0, 1).</summary>
    public double ConditionDropout { get; init; } = 0.1;
}
