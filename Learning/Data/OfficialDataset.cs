namespace OrleansDDM.Learning.Data;

/// <summary>One official file that can be downloaded.</summary>
/// <param name="Name">File name.</param>
/// <param name="Url">Where its publisher keeps it.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Sha256">SHA-256, lower-case hex.</param>
public sealed record OfficialFile(string Name, Uri Url, long Length, string Sha256);

/// <summary>A data set known by name: its official files with checksums, and how its folder is usually called.</summary>
/// <param name="Name">Name, e.g. <c>mnist</c>.</param>
/// <param name="Description">One line: what it is and under which terms.</param>
/// <param name="Folders">Relative folders under a data root that may hold it.</param>
/// <param name="ClassNames">Names of its classes.</param>
/// <param name="Files">The files to download.</param>
/// <param name="UnpackedSha256">SHA-256 of files that also occur unpacked, by name.</param>
public sealed record OfficialDataset(
    string Name,
    string Description,
    IReadOnlyList<string> Folders,
    IReadOnlyList<string> ClassNames,
    IReadOnlyList<OfficialFile> Files,
    IReadOnlyDictionary<string, string> UnpackedSha256)
{
    /// <summary>Official SHA-256 of a file of this name, packed or not; null when none is known.</summary>
    public string? Sha256Of(string fileName) =>
        Files.FirstOrDefault(f => f.Name == fileName)?.Sha256 ?? UnpackedSha256.GetValueOrDefault(fileName);
}
