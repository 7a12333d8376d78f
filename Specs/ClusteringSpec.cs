namespace OrleansDDM.Specs;

/// <summary>How the training images are split into one cluster per expert (DDM §3.2: features, fine k-means, coarse k-means).</summary>
public sealed record ClusteringSpec
{
    /// <summary><c>features</c> (k-means on features) or <c>random</c> (the control: each image in a cluster drawn at random).</summary>
    public string Method { get; init; } = "features";

    /// <summary><c>pca</c> (of pixels) or <c>autoencoder</c> (a small convolutional one, trained without labels).</summary>
    public string Features { get; init; } = "pca";

    /// <summary>Number of feature dimensions, 2 to 256.</summary>
    public int Dimensions { get; init; } = 32;

    /// <summary>Number of fine centroids that are then consolidated into one coarse centroid per expert.</summary>
    public int FineCentroids { get; init; } = 256;

    /// <summary>Largest number of Lloyd iterations of either stage.</summary>
    public int Iterations { get; init; } = 30;

    /// <summary>
    /// Number of clusters that take the place of the data's labels as the classes of a class-conditional model, 0 to 64; 0 = the labels.
    /// With <c>experts.count</c> 1 it makes a monolith that is told the cluster, the control of an ensemble that draws its cluster.
    /// Ignored where <c>model.classConditional</c> is false.
    /// </summary>
    public int Conditions { get; init; }
}
