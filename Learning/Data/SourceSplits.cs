namespace OrleansDDM.Learning.Data;

/// <summary>What a source of images holds, before a validation split is taken from it.</summary>
/// <param name="Train">Training images; null when the source has none.</param>
/// <param name="Test">Test images; null when the source has none.</param>
public sealed record SourceSplits(ImageDataset? Train, ImageDataset? Test);
