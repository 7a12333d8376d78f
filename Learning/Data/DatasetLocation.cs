namespace OrleansDDM.Learning.Data;

/// <summary>One file of a data set.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Split"><c>train</c>, <c>test</c>, or <c>train+test</c> for an archive.</param>
/// <param name="Checksum">What its SHA-256 says.</param>
public sealed record DatasetFile(string Path, string Split, DatasetChecksum Checksum);

/// <summary>Where a data set was found.</summary>
/// <param name="Name">Name of the data set; for a path, the name of the folder or file.</param>
/// <param name="Path">The folder or file; empty when it is built in.</param>
/// <param name="Format">How it is stored.</param>
/// <param name="Splits">The splits that are there: <c>train</c>, <c>test</c>.</param>
/// <param name="Files">Its files; empty for a folder of images and for built-in ones.</param>
public sealed record DatasetLocation(
    string Name, string Path, DatasetFormat Format, IReadOnlyList<string> Splits, IReadOnlyList<DatasetFile> Files)
{
    /// <summary>Differs when any file differs, official when all are official, otherwise unknown.</summary>
    public DatasetChecksum Checksum =>
        Files.Any(f => f.Checksum == DatasetChecksum.Differs) ? DatasetChecksum.Differs
        : Files.Count > 0 && Files.All(f => f.Checksum == DatasetChecksum.Official) ? DatasetChecksum.Official
        : DatasetChecksum.Unknown;
}

/// <summary>One known name, for a listing.</summary>
/// <param name="Name">Name, e.g. <c>mnist</c>.</param>
/// <param name="Description">One line about it.</param>
/// <param name="Location">Where it was found; null when it is not on this machine.</param>
public sealed record DatasetListing(string Name, string Description, DatasetLocation? Location);
