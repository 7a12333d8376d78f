using System.Numerics.Tensors;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>The layers of a <see cref="DiffusionTransformer"/>.</summary>
internal sealed unsafe class FusedTransformerLayers : FusedLayers
{
    // Tokens in flight per worker: enough rows for the matrix blocks, few enough that all activations stay near the core.
    private const int ChunkTokens = 128;

    private readonly long _parameters;
    private readonly float* _positions;

    /// <summary>Reads the sizes off <paramref name="network"/>; <see cref="Load"/> takes over the weights.</summary>
    public FusedTransformerLayers(DiffusionTransformer network, ModelVector vector, NativeArena arena)
        : base(network.Shape)
    {
        _parameters = vector.Length;
        Patch = network.Patch;
        Width = network.HiddenWidth;
        Heads = network.Heads;
        Pools = network.Pools;
        Tokens = Shape.Height / Patch * (Shape.Width / Patch);
        Patches = new FusedLinear(vector, "patches", arena);
        Blocks = [.. Enumerable.Range(0, network.Depth).Select(i => new FusedBlockLayers(vector, i, arena))];
        Head = new FusedLinear(vector, "head", arena);
        _positions = arena.Allocate((long)Tokens * Width);
        new ReadOnlySpan<float>(FlatMemory.Of(network.PositionTable), Tokens * Width).CopyTo(new Span<float>(_positions, Tokens * Width));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<long> OutputShape => Pools ? [Head.Outputs] : base.OutputShape;

    /// <inheritdoc/>
    public override int Chunk => ChunkTokens / Tokens;

    /// <inheritdoc/>
    public override IEnumerable<string> ModulationLayers => ["modulation"];

    /// <summary>Side of a patch.</summary>
    public int Patch { get; }

    /// <summary>Hidden width d.</summary>
    public int Width { get; }

    /// <summary>Attention heads.</summary>
    public int Heads { get; }

    /// <summary>Tokens T of an image.</summary>
    public int Tokens { get; }

    /// <summary>Whether the network averages its tokens into logits.</summary>
    public bool Pools { get; }

    /// <summary>Position embedding, (T, d).</summary>
    public float* Positions => _positions;

    /// <summary>(C p p) to (d).</summary>
    public FusedLinear Patches { get; }

    /// <summary>The blocks' layers.</summary>
    public IReadOnlyList<FusedBlockLayers> Blocks { get; }

    /// <summary>(d) to (C p p), or to the logits.</summary>
    public FusedLinear Head { get; }

    /// <inheritdoc/>
    public override void Load()
    {
        Patches.Load();
        Head.Load();
        foreach (FusedBlockLayers block in Blocks)
        {
            block.Load();
        }
    }

    /// <inheritdoc/>
    public override FusedWorker CreateWorker(int images, NativeArena arena) => new FusedTransformerWorker(this, images, _parameters, arena);

    /// <inheritdoc/>
    public override void AddGradient(float* sum, float* gradient)
    {
        var total = new Span<float>(gradient, (int)_parameters);
        TensorPrimitives.Add(total, new ReadOnlySpan<float>(sum, total.Length), total);
    }

    /// <summary>Copies images into tokens, (T, C p p) each, or back.</summary>
    /// <param name="images">(count, C, H, W).</param>
    /// <param name="tokens">(count, T, C p p).</param>
    /// <param name="count">Number of images.</param>
    /// <param name="back">Whether the tokens are copied into the images.</param>
    public void Patchify(float* images, float* tokens, int count, bool back)
    {
        int columns = Shape.Width / Patch;
        int line = 0;
        for (int plane = 0; plane < count * Shape.Channels; plane++)
        {
            int image = plane / Shape.Channels;
            int channel = plane % Shape.Channels;
            for (int y = 0; y < Shape.Height; y++)
            {
                for (int column = 0; column < columns; column++, line += Patch)
                {
                    int token = (image * Tokens + y / Patch * columns + column) * Patches.Inputs + (channel * Patch + y % Patch) * Patch;
                    float* from = back ? tokens + token : images + line;
                    float* to = back ? images + line : tokens + token;
                    for (int x = 0; x < Patch; x++)
                    {
                        to[x] = from[x];
                    }
                }
            }
        }
    }
}
