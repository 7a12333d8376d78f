namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Group norm with groups of 8 channels and SiLU on a few images; keeps what the backward pass needs.</summary>
internal sealed unsafe class FusedGroupNorm
{
    private const int Lanes = MapGeometry.Lanes;

    private readonly FeatureMap _input;
    private readonly FeatureMap _slope;
    private readonly float* _scale;
    private readonly float* _shift;
    private readonly long _scaleOffset;
    private readonly long _shiftOffset;
    private readonly float* _mean;
    private readonly float* _inverse;

    /// <summary>The layer whose parameters are <c>name.weight</c> and <c>name.bias</c>.</summary>
    /// <param name="vector">The model, float32 on the CPU; the parameters are read where they lie.</param>
    /// <param name="name">Dotted name of the layer.</param>
    /// <param name="input">Its input, which must be unchanged from the forward to the backward pass.</param>
    /// <param name="images">Largest number of images.</param>
    /// <param name="arena">Keeps the activations.</param>
    public FusedGroupNorm(ModelVector vector, string name, FeatureMap input, int images, NativeArena arena)
    {
        _input = input;
        _scaleOffset = vector.Segments.Single(s => s.Name == name + ".weight").Offset;
        _shiftOffset = vector.Segments.Single(s => s.Name == name + ".bias").Offset;
        _scale = FlatMemory.Of(vector.Values) + _scaleOffset;
        _shift = FlatMemory.Of(vector.Values) + _shiftOffset;
        Output = new FeatureMap(input.Geometry, input.Channels, images, arena);
        _slope = new FeatureMap(input.Geometry, input.Channels, images, arena);
        _mean = arena.Allocate((long)images * input.Channels);
        _inverse = arena.Allocate((long)images * input.Channels);
    }

    /// <summary>What <see cref="Forward"/> writes.</summary>
    public FeatureMap Output { get; }

    /// <summary>Output = SiLU(norm(input)).</summary>
    public void Forward(int images)
    {
        for (int image = 0; image < images; image++)
        {
            for (int plane = 0; plane < _input.Planes; plane++)
            {
                float* x = _input.Line(image, plane, 0);
                int channel = plane * Lanes;
                int at = image * _input.Channels + channel;
                NormKernels.Statistics(x, _input.Geometry, _mean + at, _inverse + at);
                NormKernels.Apply(
                    x,
                    _input.Geometry,
                    _mean + at,
                    _inverse + at,
                    _scale + channel,
                    _shift + channel,
                    Output.Line(image, plane, 0),
                    _slope.Line(image, plane, 0));
            }
        }
    }

    /// <summary>Writes the gradient of the input, plus <paramref name="residual"/>, and adds the parameters' gradients.</summary>
    /// <param name="dy">Gradient of the output; it is lost.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="residual">Further gradient of the input, or null; it may be <paramref name="dx"/>.</param>
    /// <param name="dx">Gradient of the input; it may be <paramref name="dy"/>.</param>
    /// <param name="gradient">Flat gradient of the whole model.</param>
    public void Backward(FeatureMap dy, int images, FeatureMap? residual, FeatureMap dx, float* gradient)
    {
        MapGeometry geometry = _input.Geometry;
        float* means = stackalloc float[2 * Lanes];
        for (int image = 0; image < images; image++)
        {
            for (int plane = 0; plane < _input.Planes; plane++)
            {
                float* x = _input.Line(image, plane, 0);
                float* d = dy.Line(image, plane, 0);
                int channel = plane * Lanes;
                int at = image * _input.Channels + channel;
                NormKernels.Reduce(
                    x,
                    _slope.Line(image, plane, 0),
                    d,
                    geometry,
                    _mean + at,
                    _inverse + at,
                    _scale + channel,
                    gradient + _shiftOffset + channel,
                    gradient + _scaleOffset + channel,
                    means);
                float* rest = residual is null ? null : residual.Line(image, plane, 0);
                NormKernels.Spread(x, d, geometry, _mean + at, _inverse + at, _scale + channel, means, rest, dx.Line(image, plane, 0));
            }
        }
    }
}
