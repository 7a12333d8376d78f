namespace OrleansDDM.Learning.Data;

/// <summary>The three disjoint parts of a data set that a run uses.</summary>
/// <param name="Train">Images to learn.</param>
/// <param name="Validation">Images held out of the training split, to choose by.</param>
/// <param name="Test">Images to report on.</param>
public sealed record DataSplits(ImageDataset Train, ImageDataset Validation, ImageDataset Test);
