namespace OrleansDDM.Learning.Models.Fused;

/// <summary>One resolution of a U-Net: its two blocks and the maps, and gradients of maps, that they share with the rest.</summary>
internal sealed class FusedUNetLevel
{
    /// <summary>Allocates the activations of up to <paramref name="images"/> images.</summary>
    public FusedUNetLevel(FusedUNetLayers layers, int level, int images, NativeArena arena)
    {
        FusedResidualLayers down = layers.Down[level];
        FusedResidualLayers up = layers.Up[layers.Up.Count - 1 - level];
        int channels = down.First.Outputs;
        Geometry = new MapGeometry(layers.Shape.Height >> level, layers.Shape.Width >> level);
        FeatureMap Map(int count) => new(Geometry, count, images, arena);

        Input = Map(down.First.Inputs);
        InputGradient = Map(down.First.Inputs);
        FeatureMap joined = Map(2 * channels);
        JoinedGradient = Map(2 * channels);
        (Below, Kept) = (joined.Slice(0, channels), joined.Slice(channels, channels));
        (BelowGradient, KeptGradient) = (JoinedGradient.Slice(0, channels), JoinedGradient.Slice(channels, channels));
        Output = Map(up.First.Outputs);
        OutputGradient = Map(up.First.Outputs);
        Scratch = (Map(2 * channels), Map(channels));
        Down = new FusedResidualBlock(down, Input, Kept, Scratch, images, arena);
        Up = new FusedResidualBlock(up, joined, Output, Scratch, images, arena);
    }

    /// <summary>Size of the maps.</summary>
    public MapGeometry Geometry { get; }

    /// <summary>Input of the way down.</summary>
    public FeatureMap Input { get; }

    /// <summary>Gradient of <see cref="Input"/>.</summary>
    public FeatureMap InputGradient { get; }

    /// <summary>Output of the way down, which the way up reads again.</summary>
    public FeatureMap Kept { get; }

    /// <summary>Gradient of <see cref="Kept"/>.</summary>
    public FeatureMap KeptGradient { get; }

    /// <summary>What comes from below on the way up.</summary>
    public FeatureMap Below { get; }

    /// <summary>Gradient of <see cref="Below"/>.</summary>
    public FeatureMap BelowGradient { get; }

    /// <summary>Gradient of <see cref="Below"/> and <see cref="Kept"/> side by side.</summary>
    public FeatureMap JoinedGradient { get; }

    /// <summary>Output of the way up.</summary>
    public FeatureMap Output { get; }

    /// <summary>Gradient of <see cref="Output"/>.</summary>
    public FeatureMap OutputGradient { get; }

    /// <summary>Two maps that are used within one call only: one for a block's inputs, one for its outputs.</summary>
    public (FeatureMap First, FeatureMap Second) Scratch { get; }

    /// <summary>Block of the way down.</summary>
    public FusedResidualBlock Down { get; }

    /// <summary>Block of the way up.</summary>
    public FusedResidualBlock Up { get; }
}
