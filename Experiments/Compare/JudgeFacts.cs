namespace OrleansDDM.Experiments.Compare;

/// <summary>The feature space of a comparison's Fréchet distances, and what real images get in it.</summary>
/// <param name="FeatureSpace">Name of the feature space.</param>
/// <param name="Accuracy">Accuracy of its classifier on the test images; null without labels.</param>
/// <param name="Floor">Mean Fréchet distance of as many training images as there are samples to the test images.</param>
/// <param name="FloorDeviation">Standard deviation of it over draws of training images.</param>
/// <param name="TestImages">Test images that distances are to.</param>
/// <param name="ValidationImages">Validation images that a rule is chosen by.</param>
public sealed record JudgeFacts(
    string FeatureSpace, double? Accuracy, double Floor, double FloorDeviation, int TestImages, int ValidationImages);
