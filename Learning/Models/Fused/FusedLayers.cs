namespace OrleansDDM.Learning.Models.Fused;

/// <summary>The layers of a network on its flat vector, shared by all workers, who only read them.</summary>
/// <param name="shape">Shape of the data and number of classes.</param>
internal abstract unsafe class FusedLayers(ModelShape shape)
{
    /// <summary>Shape of the data and number of classes.</summary>
    public ModelShape Shape { get; } = shape;

    /// <summary>Shape of one sample's output: (C, H, W), or (K).</summary>
    public virtual IReadOnlyList<long> OutputShape => [Shape.Channels, Shape.Height, Shape.Width];

    /// <summary>Images that one worker takes at a time.</summary>
    public abstract int Chunk { get; }

    /// <summary>Names of the layers that turn the conditioning vector into modulations.</summary>
    public abstract IEnumerable<string> ModulationLayers { get; }

    /// <summary>Takes over the current weights.</summary>
    public abstract void Load();

    /// <summary>A worker for up to <paramref name="images"/> images at a time.</summary>
    public abstract FusedWorker CreateWorker(int images, NativeArena arena);

    /// <summary>Adds what workers summed up in <see cref="FusedWorker.Gradient"/> to the gradient of the model.</summary>
    /// <param name="sum">(P), in the workers' order.</param>
    /// <param name="gradient">(P), in the model's order.</param>
    public abstract void AddGradient(float* sum, float* gradient);
}
