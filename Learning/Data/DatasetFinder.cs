using System.Security.Cryptography;

namespace OrleansDDM.Learning.Data;

/// <summary>Recognises what a folder or file holds, and reads it.</summary>
internal static class DatasetFinder
{
    private static readonly string[] Train = ["train"];
    private static readonly string[] TrainAndTest = ["train", "test"];

    /// <summary>What <paramref name="path"/> holds; null when it is nothing that can be read.</summary>
    public static DatasetLocation? Inspect(string path, string name)
    {
        if (File.Exists(path))
        {
            return InspectFile(path, name);
        }

        if (!Directory.Exists(path))
        {
            return null;
        }

        string[] names = [.. Directory.EnumerateFiles(path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        DatasetFile[] idx = [.. IdxFiles(path, names)];
        if (idx.Length > 0)
        {
            return Found(DatasetFormat.Idx, idx);
        }

        DatasetFile[] batches = [.. names.Where(Cifar10Loader.IsBatch).Select(n => At(path, n, n.StartsWith("test", StringComparison.Ordinal) ? "test" : "train"))];
        if (batches.Length > 0)
        {
            return Found(DatasetFormat.Cifar10, batches);
        }

        if (names.Contains(Cifar10Loader.ArchiveName))
        {
            return Found(DatasetFormat.Cifar10Archive, [At(path, Cifar10Loader.ArchiveName, "train+test")]);
        }

        DatasetFile[] digits = [.. names.Where(n => n is "optdigits.tra" or "optdigits.tes").Select(n => At(path, n, n.EndsWith("tes", StringComparison.Ordinal) ? "test" : "train"))];
        if (digits.Length > 0)
        {
            return Found(DatasetFormat.Optdigits, digits);
        }

        // A split folder holds class folders, so that images lie one level deeper than usual.
        bool split = Directory.Exists(Path.Combine(path, "train")) && ImageFolderLoader.HasImages(Path.Combine(path, "train"));
        bool test = split && Directory.Exists(Path.Combine(path, "test")) && ImageFolderLoader.HasImages(Path.Combine(path, "test"));
        return split || ImageFolderLoader.HasImages(path)
            ? new DatasetLocation(name, path, DatasetFormat.ImageFolder, test ? TrainAndTest : Train, [])
            : null;

        DatasetLocation Found(DatasetFormat format, DatasetFile[] files) =>
            new(name, path, format, [.. TrainAndTest.Where(s => files.Any(f => f.Split.Contains(s, StringComparison.Ordinal)))], files);
    }

    /// <summary>The same location with every file's SHA-256 compared with the official one.</summary>
    public static DatasetLocation Verify(DatasetLocation location)
    {
        OfficialDataset? official = OfficialDatasets.Find(location.Name);
        return location with { Files = [.. location.Files.Select(f => f with { Checksum = Check(f.Path, official) })] };
    }

    /// <summary>Reads what was found.</summary>
    /// <exception cref="DatasetException">A file is damaged.</exception>
    public static SourceSplits Read(DatasetLocation location)
    {
        string name = location.Name;
        IReadOnlyList<string>? classes = OfficialDatasets.Find(name)?.ClassNames;
        return location.Format switch
        {
            DatasetFormat.Idx => new SourceSplits(Idx("train"), Idx("test")),
            DatasetFormat.Cifar10 => Cifar10Loader.LoadFolder(location.Path, name),
            DatasetFormat.Cifar10Archive => Cifar10Loader.LoadArchive(location.Files[0].Path, name),
            DatasetFormat.Optdigits => new SourceSplits(Optdigits("train"), Optdigits("test")),
            DatasetFormat.ImageFolder => ImageFolderLoader.Load(location.Path, name),
            _ => throw new DatasetException(name, "is drawn, not read"),
        };

        ImageDataset? Idx(string split)
        {
            string? images = location.Files.FirstOrDefault(f => f.Split == split && Path.GetFileName(f.Path).Contains("idx3", StringComparison.Ordinal))?.Path;
            string? labels = location.Files.FirstOrDefault(f => f.Split == split && Path.GetFileName(f.Path).Contains("idx1", StringComparison.Ordinal))?.Path;
            return images is null ? null : IdxLoader.Load(images, labels, name, split, classes);
        }

        ImageDataset? Optdigits(string split) =>
            location.Files.FirstOrDefault(f => f.Split == split) is { } file ? OptdigitsLoader.Load(file.Path, name, split) : null;
    }

    private static DatasetLocation? InspectFile(string path, string name)
    {
        string file = Path.GetFileName(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (file.EndsWith(".tar.gz", StringComparison.Ordinal) || file.EndsWith(".tgz", StringComparison.Ordinal) || file.EndsWith(".tar", StringComparison.Ordinal))
        {
            return new DatasetLocation(name, path, DatasetFormat.Cifar10Archive, TrainAndTest, [new DatasetFile(path, "train+test", DatasetChecksum.Unknown)]);
        }

        if (Path.GetExtension(file) is ".tra" or ".tes" or ".csv")
        {
            return new DatasetLocation(name, path, DatasetFormat.Optdigits, Train, [new DatasetFile(path, "train", DatasetChecksum.Unknown)]);
        }

        if (!file.Contains("idx3", StringComparison.Ordinal))
        {
            return null;
        }

        string labels = Path.Combine(folder, file.Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal));
        DatasetFile[] files = [new DatasetFile(path, "train", DatasetChecksum.Unknown), .. File.Exists(labels) ? [new DatasetFile(labels, "train", DatasetChecksum.Unknown)] : Array.Empty<DatasetFile>()];
        return new DatasetLocation(name, path, DatasetFormat.Idx, Train, files);
    }

    private static IEnumerable<DatasetFile> IdxFiles(string folder, string[] names)
    {
        foreach ((string prefix, string split) in ((string, string)[])[("train", "train"), ("t10k", "test"), ("test", "test")])
        {
            foreach (string kind in (string[])["images", "labels"])
            {
                string dimensions = kind == "images" ? "idx3" : "idx1";
                string[] candidates = [$"{prefix}-{kind}-{dimensions}-ubyte.gz", $"{prefix}-{kind}-{dimensions}-ubyte", $"{prefix}-{kind}.{dimensions}-ubyte"];
                if (candidates.FirstOrDefault(names.Contains) is { } found)
                {
                    yield return At(folder, found, split);
                }
            }
        }
    }

    private static DatasetFile At(string folder, string file, string split) => new(Path.Combine(folder, file), split, DatasetChecksum.Unknown);

    private static DatasetChecksum Check(string path, OfficialDataset? official)
    {
        if (official?.Sha256Of(Path.GetFileName(path)) is not { } expected)
        {
            return DatasetChecksum.Unknown;
        }

        try
        {
            using FileStream stream = BoundedReader.Open(path);
            string actual = BoundedReader.Guard(path, () => Convert.ToHexStringLower(SHA256.HashData(stream)));
            return actual == expected ? DatasetChecksum.Official : DatasetChecksum.Differs;
        }
        catch (DatasetException)
        {
            // A listing goes on; loading the file will name it.
            return DatasetChecksum.Unknown;
        }
    }
}
