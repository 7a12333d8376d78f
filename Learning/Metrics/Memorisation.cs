namespace OrleansDDM.Learning.Metrics;

/// <summary>
/// Whether samples are copies of training images. Fresh real images lie at some distance from their nearest training image;
/// samples of a model that has learned the distribution lie about as far, copies lie nearer.
/// </summary>
/// <param name="Samples">Number of samples.</param>
/// <param name="HeldOut">Number of held-out real images.</param>
/// <param name="Training">Number of training images.</param>
/// <param name="Quantile">q, in (0, 1).</param>
/// <param name="Threshold">The q-quantile of the held-out images' distances to their nearest training image.</param>
/// <param name="ShareBelow">Share of samples nearer to the training set than the threshold: about q without memorisation, 1 for copies.</param>
/// <param name="NearerToTraining">Share of samples whose nearest training image is nearer than their nearest held-out image; with
/// unequal counts its neutral value is Training / (Training + HeldOut), not 1/2.</param>
/// <param name="MedianSample">Median distance of a sample to its nearest training image.</param>
/// <param name="MedianHeldOut">Median distance of a held-out image to its nearest training image.</param>
public sealed record Memorisation(
    int Samples,
    int HeldOut,
    int Training,
    double Quantile,
    double Threshold,
    double ShareBelow,
    double NearerToTraining,
    double MedianSample,
    double MedianHeldOut)
{
    /// <summary>Compares samples, held-out images and training images as vectors of one space, e.g. pixels.</summary>
    /// <exception cref="ArgumentException">Widths differ, a set is empty, or q is outside (0, 1).</exception>
    public static Memorisation Of(FeatureSet samples, FeatureSet heldOut, FeatureSet training, double quantile = 0.05, CancellationToken cancellation = default) =>
        Of(samples, heldOut, NearestNeighbour.Find(samples, training, cancellation), NearestNeighbour.Find(heldOut, training, cancellation), quantile, cancellation);

    /// <summary>As the other overload, with the neighbours in the training set found before.</summary>
    internal static Memorisation Of(
        FeatureSet samples, FeatureSet heldOut, NearestNeighbour samplesToTraining, NearestNeighbour heldOutToTraining, double quantile, CancellationToken cancellation)
    {
        if (quantile is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(quantile), quantile, "The quantile of the memorisation check must be in (0, 1).");
        }

        double[] toTraining = samplesToTraining.Distance;
        double[] toHeldOut = NearestNeighbour.Find(samples, heldOut, cancellation).Distance;
        double threshold = Metrics.Quantile.Of(heldOutToTraining.Distance, quantile);
        return new Memorisation(
            samples.Count,
            heldOut.Count,
            samplesToTraining.References,
            quantile,
            threshold,
            toTraining.Count(distance => distance < threshold) / (double)samples.Count,
            toTraining.Zip(toHeldOut).Count(pair => pair.First < pair.Second) / (double)samples.Count,
            Metrics.Quantile.Of(toTraining, 0.5),
            Metrics.Quantile.Of(heldOutToTraining.Distance, 0.5));
    }
}
