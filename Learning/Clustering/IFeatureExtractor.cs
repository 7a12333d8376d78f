using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>Turns images into feature vectors for k-means. The features of an image do not depend on the images beside it.</summary>
public interface IFeatureExtractor
{
    /// <summary><c>pca</c> or <c>autoencoder</c>.</summary>
    string Kind { get; }

    /// <summary>Values per image.</summary>
    int Dimensions { get; }

    /// <summary>Extracts features of the images <paramref name="start"/> to <paramref name="start"/> + N - 1.</summary>
    /// <param name="images">Images of the size that the extractor was fitted to.</param>
    /// <param name="start">First image.</param>
    /// <param name="destination">(N, <see cref="Dimensions"/>); its length fixes N.</param>
    /// <exception cref="ArgumentException">Images of another size, or a range outside the data set.</exception>
    void Extract(ImageDataset images, int start, Span<float> destination);

    /// <summary>Everything needed to build the extractor again.</summary>
    FeatureState ToState();
}

/// <summary>A stored feature extractor.</summary>
/// <param name="Kind"><c>pca</c> or <c>autoencoder</c>.</param>
/// <param name="Sizes">Channels, height, width and dimensions.</param>
/// <param name="Arrays">Its arrays by name, row-major; what they are is the extractor's business.</param>
public sealed record FeatureState(string Kind, int[] Sizes, SortedDictionary<string, float[]> Arrays);
