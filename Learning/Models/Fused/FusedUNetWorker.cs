namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Forward and backward pass of a U-Net on a few images at a time. What the way up reads side by side, the map from below and the one from
/// the way down, lies side by side from the start, so nothing is concatenated.
/// </summary>
internal sealed unsafe class FusedUNetWorker : FusedWorker
{
    private readonly FusedUNetLayers _layers;
    private readonly FusedUNetLevel[] _levels;
    private readonly FusedResidualBlock _middle;
    private readonly FeatureMap _dmiddle;
    private readonly FeatureMap _image;
    private readonly FeatureMap _answer;
    private readonly FusedGroupNorm _norm;

    /// <summary>Allocates the activations of up to <paramref name="images"/> images.</summary>
    public FusedUNetWorker(FusedUNetLayers layers, int images, NativeArena arena)
        : base(layers.Shape.Size, images, layers.Vector.Length, arena)
    {
        _layers = layers;
        _levels = [.. Enumerable.Range(0, layers.Down.Count).Select(level => new FusedUNetLevel(layers, level, images, arena))];
        FusedUNetLevel last = _levels[^1];
        _middle = new FusedResidualBlock(layers.Middle, last.Kept, last.Below, last.Scratch, images, arena);
        _dmiddle = new FeatureMap(last.Geometry, last.Kept.Channels, images, arena);
        MapGeometry geometry = _levels[0].Geometry;
        _image = new FeatureMap(geometry, layers.Shape.Channels, images, arena);
        _answer = new FeatureMap(geometry, layers.Shape.Channels, images, arena);
        _norm = new FusedGroupNorm(layers.Vector, "norm", _levels[0].Output, images, arena);
    }

    /// <inheritdoc/>
    public override void Backward(int images, float* modulation, float* dmodulation, int row)
    {
        MapKernels.Read(Output, images, _layers.Shape.Channels, _answer);
        FeatureMap top = _levels[0].OutputGradient;
        _layers.Head.WeightGradient(_norm.Output, _answer, images, Gradient);
        _layers.Head.BiasGradient(_answer, images, Gradient);
        _layers.Head.InputGradient(_answer, images, top);
        _norm.Backward(top, images, null, top, Gradient);
        for (int level = 0; level < _levels.Length; level++)
        {
            FusedUNetLevel here = _levels[level];
            here.Up.Backward(here.OutputGradient, images, dmodulation, row, here.JoinedGradient, Gradient);
            if (level + 1 < _levels.Length)
            {
                MapKernels.SumFours(here.BelowGradient, images, 1, _levels[level + 1].OutputGradient);
            }
        }

        FusedUNetLevel last = _levels[^1];
        _middle.Backward(last.BelowGradient, images, dmodulation, row, _dmiddle, Gradient);
        MapKernels.Add(_dmiddle, images, last.KeptGradient);
        for (int level = _levels.Length - 1; level >= 0; level--)
        {
            FusedUNetLevel here = _levels[level];
            here.Down.Backward(here.KeptGradient, images, dmodulation, row, here.InputGradient, Gradient);
            if (level > 0)
            {
                MapKernels.AddQuarters(here.InputGradient, images, _levels[level - 1].KeptGradient);
            }
        }

        _layers.In.WeightGradient(_image, _levels[0].InputGradient, images, Gradient);
        _layers.In.BiasGradient(_levels[0].InputGradient, images, Gradient);
    }

    /// <inheritdoc/>
    protected override void Forward(float* x, int images, float* modulation, int row)
    {
        MapKernels.Read(x, images, _layers.Shape.Channels, _image);
        _layers.In.Forward(_image, images, _layers.In.Bias, 0, null, _levels[0].Input);
        for (int level = 0; level < _levels.Length; level++)
        {
            if (level > 0)
            {
                MapKernels.SumFours(_levels[level - 1].Kept, images, 0.25f, _levels[level].Input);
            }

            _levels[level].Down.Forward(images, modulation, row);
        }

        _middle.Forward(images, modulation, row);
        for (int level = _levels.Length - 1; level >= 0; level--)
        {
            _levels[level].Up.Forward(images, modulation, row);
            if (level > 0)
            {
                MapKernels.Repeat(_levels[level].Output, images, _levels[level - 1].Below);
            }
        }

        _norm.Forward(images);
        _layers.Head.Forward(_norm.Output, images, _layers.Head.Bias, 0, null, _answer);
        MapKernels.Write(_answer, images, _layers.Shape.Channels, Output);
    }

    /// <inheritdoc/>
    protected override void Arrange(float* plain, float* ordered, int images, bool back)
    {
        float* from = back ? ordered : plain;
        float* to = back ? plain : ordered;
        new ReadOnlySpan<float>(from, images * OutputSize).CopyTo(new Span<float>(to, images * OutputSize));
    }
}
