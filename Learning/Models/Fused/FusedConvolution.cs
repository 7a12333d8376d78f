namespace OrleansDDM.Learning.Models.Fused;

/// <summary>A 3x3 convolution with a border of zeros, or a 1x1 convolution, on the flat vector, and its derivatives.</summary>
internal sealed unsafe class FusedConvolution
{
    private readonly ConvolutionWeights _forward;
    private readonly ConvolutionWeights _backward;
    private readonly float* _values;
    private readonly float* _packed;
    private readonly float* _mirrored;
    private readonly float* _zeros;
    private readonly Segment _weight;
    private readonly long _bias;

    /// <summary>The layer whose parameters are <c>name.weight</c> and <c>name.bias</c>.</summary>
    /// <param name="vector">The model, float32 on the CPU.</param>
    /// <param name="name">Dotted name of the layer.</param>
    /// <param name="arena">Keeps the reordered weights.</param>
    public FusedConvolution(ModelVector vector, string name, NativeArena arena)
    {
        _weight = vector.Segments.Single(s => s.Name == name + ".weight");
        _bias = vector.Segments.Single(s => s.Name == name + ".bias").Offset;
        _values = FlatMemory.Of(vector.Values);
        int taps = (int)(_weight.Shape[2] * _weight.Shape[3]);
        (Outputs, Inputs) = ((int)_weight.Shape[0], (int)_weight.Shape[1]);
        _forward = new ConvolutionWeights(Outputs, Inputs, taps, backward: false);
        _backward = new ConvolutionWeights(Outputs, Inputs, taps, backward: true);
        _packed = arena.Allocate(_forward.Length);
        _mirrored = arena.Allocate(_backward.Length);
        _zeros = arena.Allocate(Inputs);
        Bias = arena.Allocate(Outputs);
    }

    /// <summary>Channels of the input.</summary>
    public int Inputs { get; }

    /// <summary>Channels of the output.</summary>
    public int Outputs { get; }

    /// <summary>Name of the weights.</summary>
    public string WeightName => _weight.Name;

    /// <summary>The bias, zero in channels that only fill the last plane.</summary>
    public float* Bias { get; }

    // The gradient of a kernel with less than 16 channels on one side has vectors along the other side.
    private ConvolutionWeights GradientOrder => Outputs < MapGeometry.Lanes ? _backward : _forward;

    /// <summary>Takes over the current weights; to be called whenever they have changed.</summary>
    public void Load()
    {
        _forward.Pack(_values + _weight.Offset, _packed);
        _backward.Pack(_values + _weight.Offset, _mirrored);
        new ReadOnlySpan<float>(_values + _bias, Outputs).CopyTo(new Span<float>(Bias, Outputs));
    }

    /// <summary>y = start + W * x + residual.</summary>
    /// <param name="x">(images, inputs, H, W).</param>
    /// <param name="images">Number of images.</param>
    /// <param name="start">Of the first image, (outputs): the bias, to which more may have been added.</param>
    /// <param name="startRow">Distance of the next image's start.</param>
    /// <param name="residual">(images, outputs, H, W), or null, as it must be where there are less than 16 outputs.</param>
    /// <param name="y">(images, outputs, H, W), another map than the residual.</param>
    public void Forward(FeatureMap x, int images, float* start, int startRow, FeatureMap? residual, FeatureMap y)
    {
        if (Outputs < MapGeometry.Lanes)
        {
            ConvolutionFew.Compute(_backward, _mirrored, x, images, start, y);
            return;
        }

        Convolve(_forward, _packed, x, images, start, startRow, residual, y);
    }

    /// <summary>Writes the gradient of x, given that of y.</summary>
    public void InputGradient(FeatureMap dy, int images, FeatureMap dx) => Convolve(_backward, _mirrored, dy, images, _zeros, 0, null, dx);

    /// <summary>Adds the gradient of the weights, in an order of their own, in which <see cref="AddWeightGradient"/> expects them.</summary>
    /// <param name="x">The layer's input.</param>
    /// <param name="dy">Gradient of its output.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="gradient">Flat gradient of the whole model.</param>
    public void WeightGradient(FeatureMap x, FeatureMap dy, int images, float* gradient)
    {
        if (Inputs < MapGeometry.Lanes)
        {
            ConvolutionGradient.AddFew(_forward, x, dy, images, gradient + _weight.Offset);
        }
        else if (Outputs < MapGeometry.Lanes)
        {
            ConvolutionGradient.AddFew(_backward, dy, x, images, gradient + _weight.Offset);
        }
        else
        {
            ConvolutionGradient.Add(_forward, x, dy, images, gradient + _weight.Offset);
        }
    }

    /// <summary>Adds the gradient of the bias, the sum of dy over images and pixels.</summary>
    public void BiasGradient(FeatureMap dy, int images, float* gradient)
    {
        float* sums = stackalloc float[dy.Channels];
        new Span<float>(sums, dy.Channels).Clear();
        for (int i = 0; i < images; i++)
        {
            MapKernels.AddPixels(dy, i, sums);
        }

        for (int i = 0; i < Outputs; i++)
        {
            gradient[_bias + i] += sums[i];
        }
    }

    /// <summary>Adds a sum of <see cref="WeightGradient"/> to the flat gradient of the whole model, in the model's order.</summary>
    public void AddWeightGradient(float* reordered, float* gradient) =>
        GradientOrder.AddTo(reordered + _weight.Offset, gradient + _weight.Offset);

    private static void Convolve(
        ConvolutionWeights order, float* packed, FeatureMap x, int images, float* start, int startRow, FeatureMap? residual, FeatureMap y)
    {
        MapGeometry geometry = x.Geometry;
        int centre = geometry.Centre;
        fixed (int* neighbours = geometry.Neighbours)
        {
            var pass = new ConvolutionPass
            {
                Planes = order.SourcePlanes,
                Plane = geometry.Plane,
                Inner = order.Inner,
                TapCount = order.Taps,
                Taps = order.Taps == 1 ? &centre : neighbours,
            };
            int together = geometry.Run == 7 ? 2 : geometry.Run == 4 ? 3 : 1;
            ConvolutionRun* runs = stackalloc ConvolutionRun[together];
            int count = images * geometry.Runs.Length;
            for (int plane = 0; plane < order.ResultPlanes; plane += 2)
            {
                int planes = order.GroupPlanes(plane);
                float* weights = packed + order.Offset(plane, 0, 0);
                for (int first = 0; first < count; first += together)
                {
                    for (int i = 0; i < together; i++)
                    {
                        int run = Math.Min(first + i, count - 1);
                        int image = run / geometry.Runs.Length;
                        int place = geometry.Runs[run % geometry.Runs.Length];
                        runs[i].Input = x.Plane(image, 0) + place;
                        runs[i].Start = start + image * startRow + plane * MapGeometry.Lanes;
                        runs[i].Residual = residual is null ? null : residual.Plane(image, plane) + place + centre;
                        runs[i].Output = y.Plane(image, plane) + place + centre;
                    }

                    Compute(geometry.Run, &pass, weights, planes, runs);
                }
            }
        }
    }

    private static void Compute(int run, ConvolutionPass* pass, float* weights, int planes, ConvolutionRun* runs)
    {
        switch (run, planes)
        {
            case (7, 2):
                ConvolutionSevens.Wide(pass, weights, runs, runs + 1);
                break;
            case (7, _):
                ConvolutionSevens.Narrow(pass, weights, runs, runs + 1);
                break;
            case (4, 2):
                ConvolutionFours.Wide(pass, weights, runs, runs + 1, runs + 2);
                break;
            case (4, _):
                ConvolutionFours.Narrow(pass, weights, runs, runs + 1, runs + 2);
                break;
            default:
                ConvolutionSingles.Compute(pass, weights, planes, runs);
                break;
        }
    }
}
