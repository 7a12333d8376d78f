using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>The layers of a <see cref="UNet"/>.</summary>
internal sealed unsafe class FusedUNetLayers : FusedLayers
{
    // Pixels in flight per worker. More would spare reading the weights of the small levels again, fewer keep the activations nearer.
    private const int ChunkPixels = 784;

    private readonly List<FusedResidualLayers> _blocks = [];
    private readonly Dictionary<string, FusedConvolution> _convolutions;

    /// <summary>Reads the sizes off <paramref name="network"/>; <see cref="Load"/> takes over the weights.</summary>
    public FusedUNetLayers(UNet network, ModelVector vector, NativeArena arena)
        : base(network.Shape)
    {
        Vector = vector;
        int levels = network.Levels;
        In = new FusedConvolution(vector, "in", arena);
        Down = [.. Enumerable.Range(0, levels).Select(i => Block($"down.{i}", arena))];
        Middle = Block("middle", arena);
        Up = [.. Enumerable.Range(0, levels).Select(i => Block($"up.{i}", arena))];
        Head = new FusedConvolution(vector, "head", arena);
        _convolutions = _blocks.SelectMany(block => block.Convolutions).Append(In).Append(Head).ToDictionary(c => c.WeightName);
    }

    /// <inheritdoc/>
    public override int Chunk => ChunkPixels / (Shape.Height * Shape.Width);

    /// <inheritdoc/>
    public override IEnumerable<string> ModulationLayers => _blocks.Select(block => block.Name + ".embedding");

    /// <summary>The model.</summary>
    public ModelVector Vector { get; }

    /// <summary>From the image to the first level.</summary>
    public FusedConvolution In { get; }

    /// <summary>One block per level, the highest resolution first.</summary>
    public IReadOnlyList<FusedResidualLayers> Down { get; }

    /// <summary>The block at the lowest resolution.</summary>
    public FusedResidualLayers Middle { get; }

    /// <summary>One block per level, the lowest resolution first.</summary>
    public IReadOnlyList<FusedResidualLayers> Up { get; }

    /// <summary>From the first level to the image.</summary>
    public FusedConvolution Head { get; }

    /// <inheritdoc/>
    public override void Load()
    {
        foreach (FusedConvolution convolution in _convolutions.Values)
        {
            convolution.Load();
        }
    }

    /// <inheritdoc/>
    public override FusedWorker CreateWorker(int images, NativeArena arena) => new FusedUNetWorker(this, images, arena);

    /// <inheritdoc/>
    public override void AddGradient(float* sum, float* gradient)
    {
        foreach (Segment segment in Vector.Segments)
        {
            if (_convolutions.TryGetValue(segment.Name, out FusedConvolution? convolution))
            {
                convolution.AddWeightGradient(sum, gradient);
                continue;
            }

            var total = new Span<float>(gradient + segment.Offset, (int)segment.Length);
            TensorPrimitives.Add(total, new ReadOnlySpan<float>(sum + segment.Offset, total.Length), total);
        }
    }

    private FusedResidualLayers Block(string name, NativeArena arena)
    {
        int modulation = _blocks.Sum(block => block.First.Outputs);
        _blocks.Add(new FusedResidualLayers(Vector, name, modulation, arena));
        return _blocks[^1];
    }
}
