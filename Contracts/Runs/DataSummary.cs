namespace OrleansDDM.Contracts.Runs;

/// <summary>What is known of a run's data once it is loaded and clustered.</summary>
/// <param name="Channels">C of an image (C, H, W).</param>
/// <param name="Height">H in pixels.</param>
/// <param name="Width">W in pixels.</param>
/// <param name="Classes">Number of classes; 0 = unlabelled.</param>
/// <param name="TrainCount">Training images.</param>
/// <param name="Priors">p(k), the share of each cluster; sums to 1.</param>
/// <param name="ClusterReport">Cluster sizes and label make-up as a JSON object.</param>
/// <param name="Fingerprint">Hash of the training images and their clusters; a run goes on only with the same. Empty = not known.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.DataSummary)]
public sealed record DataSummary(
    [property: Id(0)] int Channels,
    [property: Id(1)] int Height,
    [property: Id(2)] int Width,
    [property: Id(3)] int Classes,
    [property: Id(4)] int TrainCount,
    [property: Id(5)] double[] Priors,
    [property: Id(6)] string ClusterReport,
    [property: Id(7)] string Fingerprint = "");
