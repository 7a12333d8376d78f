namespace OrleansDDM.Learning.Models.Fused;

/// <summary>The convolutions of one <see cref="ResidualBlock"/>, shared by all workers, who only read them.</summary>
internal sealed class FusedResidualLayers
{
    /// <summary>The block named <paramref name="name"/>.</summary>
    /// <param name="vector">The model.</param>
    /// <param name="name">Dotted name of the block.</param>
    /// <param name="modulation">Place of the block's share in a sample's modulation.</param>
    /// <param name="arena">Keeps the reordered weights.</param>
    public FusedResidualLayers(ModelVector vector, string name, int modulation, NativeArena arena)
    {
        (Vector, Name, Modulation) = (vector, name, modulation);
        First = new FusedConvolution(vector, name + ".conv1", arena);
        Second = new FusedConvolution(vector, name + ".conv2", arena);
        Skip = First.Inputs == First.Outputs ? null : new FusedConvolution(vector, name + ".skip", arena);
    }

    /// <summary>The model.</summary>
    public ModelVector Vector { get; }

    /// <summary>Dotted name of the block.</summary>
    public string Name { get; }

    /// <summary>Place of the block's share in a sample's modulation: one value per output channel.</summary>
    public int Modulation { get; }

    /// <summary>3x3, from inputs to outputs.</summary>
    public FusedConvolution First { get; }

    /// <summary>3x3, from outputs to outputs.</summary>
    public FusedConvolution Second { get; }

    /// <summary>1x1, from inputs to outputs; null where both are equally many.</summary>
    public FusedConvolution? Skip { get; }

    /// <summary>The block's convolutions.</summary>
    public IEnumerable<FusedConvolution> Convolutions => Skip is null ? [First, Second] : [First, Second, Skip];
}
