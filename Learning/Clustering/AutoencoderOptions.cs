namespace OrleansDDM.Learning.Clustering;

/// <summary>How the small autoencoder is trained.</summary>
public sealed record AutoencoderOptions
{
    /// <summary>Width of the code, at least 1.</summary>
    public int Dimensions { get; init; } = 32;

    /// <summary>Optimizer steps, at least 1.</summary>
    public int Steps { get; init; } = 300;

    /// <summary>Images a step, at least 1.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Adam's learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Images that it is trained on at most: those with the lowest keys.</summary>
    public int Images { get; init; } = 8192;

    /// <summary>Seed of the weights and of the data order.</summary>
    public ulong Seed { get; init; }
}
