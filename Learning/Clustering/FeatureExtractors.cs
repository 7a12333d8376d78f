using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>What all feature extractors share.</summary>
public static class FeatureExtractors
{
    /// <summary>Builds an extractor from its stored form.</summary>
    /// <exception cref="DatasetException">An unknown kind, or arrays that do not fit.</exception>
    public static IFeatureExtractor FromState(FeatureState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        try
        {
            return state.Kind switch
            {
                PcaFeatures.KindName => PcaFeatures.FromState(state),
                AutoencoderFeatures.KindName => AutoencoderFeatures.FromState(state),
                _ => throw new DatasetException("Stored features", $"are of the unknown kind '{state.Kind}'"),
            };
        }
        catch (Exception e) when (e is KeyNotFoundException or ArgumentException or IndexOutOfRangeException)
        {
            throw new DatasetException("Stored features", "are damaged: " + e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Features of all images, (N, D).</summary>
    public static float[] ExtractAll(this IFeatureExtractor extractor, ImageDataset images)
    {
        ArgumentNullException.ThrowIfNull(extractor);
        ArgumentNullException.ThrowIfNull(images);
        var features = new float[checked(images.Count * extractor.Dimensions)];
        extractor.Extract(images, 0, features);
        return features;
    }

    /// <summary>Checks sizes before an extraction; returns the number of images.</summary>
    internal static int CheckRange(ImageDataset images, (int C, int H, int W) size, int dimensions, int start, int destinationLength)
    {
        ArgumentNullException.ThrowIfNull(images);
        if ((images.Channels, images.Height, images.Width) != size)
        {
            throw new ArgumentException(
                $"The extractor was fitted to {size} images, these are ({images.Channels}, {images.Height}, {images.Width}).", nameof(images));
        }

        int count = destinationLength / dimensions;
        return destinationLength % dimensions == 0 && start >= 0 && start + count <= images.Count
            ? count
            : throw new ArgumentException($"{destinationLength} values from image {start} on are not a range of {images.Count} images of {dimensions} dimensions.");
    }
}
