namespace OrleansDDM.Experiments.Compare;

/// <summary>The feature space of a comparison's Fréchet distances, and what real images get in it.</summary>
/// <param name="FeatureSpace">Name of the feature space.</param>
/// <param name="Accuracy">Accuracy of its classifier on the test images; null without labels.</param>
/// <param name="Floor">Mean Fréchet distance to the test images of validation images, which the judge has not seen: as many as samples, or all.</param>
/// <param name="FloorDeviation">Standard deviation of it over draws of validation images; 0 where there is one draw, of all.</param>
/// <param name="FloorImages">Validation images of one draw; where they are fewer than the samples, the floor is too high.</param>
/// <param name="TestImages">Test images that distances are to.</param>
/// <param name="ValidationImages">Validation images that a rule is chosen by.</param>
public sealed record JudgeFacts(
    string FeatureSpace, double? Accuracy, double Floor, double FloorDeviation, int FloorImages, int TestImages, int ValidationImages);
