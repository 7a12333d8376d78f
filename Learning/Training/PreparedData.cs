namespace OrleansDDM.Learning.Training;

/// <summary>What is known of a run's data once it is loaded and clustered; the data itself stays inside the runtime.</summary>
/// <param name="Channels">C of an image (C, H, W).</param>
/// <param name="Height">H in pixels.</param>
/// <param name="Width">W in pixels.</param>
/// <param name="Classes">Number of classes; 0 = unlabelled.</param>
/// <param name="TrainCount">Training images.</param>
/// <param name="Priors">p(k), the share of each cluster in the training images; sums to 1.</param>
/// <param name="ClusterReport">Cluster sizes and label make-up as a JSON object, for people and reports.</param>
/// <param name="Fingerprint">SHA-256 over the training images and their clusters.</param>
public sealed record PreparedData(
    int Channels, int Height, int Width, int Classes, int TrainCount, IReadOnlyList<double> Priors, string ClusterReport, string Fingerprint);
