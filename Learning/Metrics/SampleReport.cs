namespace OrleansDDM.Learning.Metrics;

/// <summary>
/// What is measured of samples against real images. Every number stands beside the counts that it depends on; a Fréchet
/// distance of this report compares only with one of the same feature space and counts.
/// </summary>
public sealed record SampleReport
{
    /// <summary>Name of the feature space of the Fréchet distance and of precision and recall.</summary>
    public required string FeatureSpace { get; init; }

    /// <summary>Accuracy of the feature network on the test images; null where they have no labels.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Number of samples.</summary>
    public required int Samples { get; init; }

    /// <summary>Number of training images: the reference of the Fréchet distance.</summary>
    public required int TrainingImages { get; init; }

    /// <summary>Number of test images.</summary>
    public required int TestImages { get; init; }

    /// <summary>Fréchet distance of the samples to the training images; lower is better, the floor is what real images get.</summary>
    public required double FrechetDistance { get; init; }

    /// <summary>Fréchet distance of test images to the training images: the mean over eight choices of them, or of all if there is one choice.</summary>
    public required double FrechetFloor { get; init; }

    /// <summary>Standard deviation of the floor over the choices; 0 where there is one. It is also about what the samples' own distance varies by.</summary>
    public required double FrechetFloorDeviation { get; init; }

    /// <summary>Number of test images of each choice: as many as samples, or all where there are fewer.</summary>
    public required int FrechetFloorImages { get; init; }

    /// <summary>Sliced Wasserstein-2 distance (not squared) of the samples to as many training images, in the same feature space; lower is better.</summary>
    public required double SlicedWasserstein { get; init; }

    /// <summary>The same of the floor's test images, one choice of them.</summary>
    public required double SlicedWassersteinFloor { get; init; }

    /// <summary>Precision and recall against as many training images as there are samples.</summary>
    public required PrecisionRecall PrecisionRecall { get; init; }

    /// <summary>The memorisation check, on pixels, against <see cref="Metrics.Memorisation.Training"/> training images, with as many test images as there are samples, or all where there are fewer.</summary>
    public required Memorisation Memorisation { get; init; }

    /// <summary>The confidence that <see cref="ConfidentShare"/> asks for.</summary>
    public required double Confidence { get; init; }

    /// <summary>Share of samples of whose class the classifier is at least <see cref="Confidence"/> sure.</summary>
    public required double ConfidentShare { get; init; }

    /// <summary>The same share of the test images: what real images get.</summary>
    public required double ConfidentShareOfTest { get; init; }

    /// <summary>Number of confident samples of each class. // (classes)</summary>
    public required IReadOnlyList<int> ConfidentPerClass { get; init; }

    /// <summary>Number of classes of which at least one sample is confident.</summary>
    public int ClassesCovered => ConfidentPerClass.Count(count => count > 0);

    /// <summary>Number of classes of the classifier.</summary>
    public int Classes => ConfidentPerClass.Count;
}
