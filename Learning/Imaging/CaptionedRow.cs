namespace OrleansDDM.Learning.Imaging;

/// <summary>One row of a picture of groups: a caption, and groups of images side by side.</summary>
/// <param name="Caption">Stands before the row.</param>
/// <param name="Groups">Images of each group, in [-1, 1]; a group may be empty. // each (N, C, H, W)</param>
public sealed record CaptionedRow(string Caption, IReadOnlyList<float[]> Groups);
