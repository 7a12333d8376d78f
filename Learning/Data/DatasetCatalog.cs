using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Data;

/// <summary>Finds data sets by name in data roots, or by path, and loads the splits that a run uses.</summary>
/// <param name="roots">Folders to search, in order: <c>ROOT/NAME/</c> and the files directly in ROOT.</param>
public sealed class DatasetCatalog(IReadOnlyList<string> roots)
{
    /// <summary>Environment variable with more roots, separated as in PATH.</summary>
    public const string RootsVariable = "DDM_DATA";

    /// <summary>Name of the drawn set, which needs no file.</summary>
    public const string Shapes = "shapes";

    /// <summary>Folders that are searched, in order.</summary>
    public IReadOnlyList<string> Roots { get; } = roots;

    /// <summary>The names that resolve without a path.</summary>
    public static IReadOnlyList<string> KnownNames { get; } = [Shapes, .. OfficialDatasets.All.Select(d => d.Name)];

    /// <summary>Where <c>ddm data get</c> puts files unless told otherwise: the user's own data folder.</summary>
    public static string DownloadRoot => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "orleans-ddm", "data");

    /// <summary>A catalog over <paramref name="explicitRoots"/>, the environment's <c>DDM_DATA</c>, and the usual folders, in this order.</summary>
    public static DatasetCatalog Default(params IEnumerable<string> explicitRoots)
    {
        string[] environment = (Environment.GetEnvironmentVariable(RootsVariable) ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new DatasetCatalog([.. explicitRoots.Concat(environment).Concat(["/usr/share/datasets", DownloadRoot, "data"]).Distinct()]);
    }

    /// <summary>Every known name, with where it was found and whether its files are the official ones. Reads every file once.</summary>
    public IReadOnlyList<DatasetListing> List() =>
    [
        new DatasetListing(Shapes, "twelve drawn shapes, any number and size, built in", BuiltIn()),
        .. OfficialDatasets.All.Select(d => new DatasetListing(d.Name, d.Description, Search(d) is { } found ? DatasetFinder.Verify(found) : null)),
    ];

    /// <summary>Where a name or path leads. File checksums are computed when <paramref name="verify"/> is set.</summary>
    /// <exception cref="DatasetException">Nothing is found; the message lists the known names, the roots searched and the mend.</exception>
    public DatasetLocation Find(string name, bool verify = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name == Shapes)
        {
            return BuiltIn();
        }

        OfficialDataset? official = OfficialDatasets.Find(name);
        DatasetLocation? found = official is null
            ? InspectPath(name)
            : Search(official);
        if (found is null)
        {
            throw NotFound(name, official);
        }

        return verify ? DatasetFinder.Verify(found) : found;
    }

    /// <summary>
    /// Loads the splits of a run. Whether an image is held out for validation depends on (seed, its id) alone; a source without a test
    /// split gives as much again to test. Images of the limit are those with the lowest keys, so that a larger limit holds a smaller one.
    /// </summary>
    /// <param name="spec">What to load.</param>
    /// <param name="seed">Seed of the hold-out, of the limit and of drawn images.</param>
    /// <param name="firstId">Id of the first image: hosts that have images of their own give them ids of their own.</param>
    /// <exception cref="DatasetException">Nothing is found, a file is damaged, or there are too few images.</exception>
    public DataSplits Load(DataSpec spec, ulong seed, long firstId = 0)
    {
        ArgumentNullException.ThrowIfNull(spec);
        DatasetLocation location = Find(spec.Name);
        SourceSplits source = location.Format == DatasetFormat.BuiltIn ? DrawShapes(spec, seed) : DatasetFinder.Read(location);
        ImageDataset all = source.Train ?? throw new DatasetException(location.Path, "holds test images only; a training split is needed");
        if (source.Test is { } given && (given.Channels, given.Height, given.Width) != (all.Channels, all.Height, all.Width))
        {
            throw new DatasetException(location.Path, "has training and test images of different sizes");
        }

        return SplitKeeper.Split(firstId == 0 ? all : all.WithFirstId(firstId), source.Test, spec.Validation, spec.Limit, seed);
    }

    // As a path, and where it is a relative one that leads nowhere, below the roots: each machine may have them elsewhere.
    private DatasetLocation? InspectPath(string name)
    {
        string[] places = Path.IsPathRooted(name) ? [name] : [name, .. Roots.Select(r => Path.Combine(r, name))];
        return BoundedReader.Guard(name, () => places
            .Select(p => DatasetFinder.Inspect(p, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(p)))))
            .FirstOrDefault(found => found is not null));
    }

    private static DatasetLocation BuiltIn() => new(Shapes, "", DatasetFormat.BuiltIn, ["train", "test"], []);

    private static SourceSplits DrawShapes(DataSpec spec, ulong seed) => new(
        ShapesGenerator.Create(seed, "train", spec.ShapesCount, spec.ShapesSize, spec.ShapesColour),
        ShapesGenerator.Create(seed, "test", Math.Clamp(spec.ShapesCount / 6, 64, 10_000), spec.ShapesSize, spec.ShapesColour));

    private DatasetLocation? Search(OfficialDataset dataset)
    {
        foreach (string root in Roots)
        {
            foreach (string folder in dataset.Folders)
            {
                if (Accept(Path.Combine(root, folder), dataset) is { } found)
                {
                    return found;
                }
            }

            // MNIST and Fashion-MNIST share file names: files directly in a root count when the folder has the name or the files are official.
            if (Accept(root, dataset) is { } direct
                && (direct.Format != DatasetFormat.Idx
                    || Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))) == dataset.Name
                    || DatasetFinder.Verify(direct).Checksum == DatasetChecksum.Official))
            {
                return direct;
            }
        }

        return null;
    }

    private static DatasetLocation? Accept(string folder, OfficialDataset dataset)
    {
        try
        {
            DatasetLocation? found = DatasetFinder.Inspect(folder, dataset.Name);
            bool fits = found is not null && dataset.Name switch
            {
                "cifar-10" => found.Format is DatasetFormat.Cifar10 or DatasetFormat.Cifar10Archive,
                "digits" => found.Format == DatasetFormat.Optdigits,
                _ => found.Format == DatasetFormat.Idx,
            };
            return fits && found!.Splits.Contains("train") ? found : null;
        }
        catch (UnauthorizedAccessException)
        {
            // A root that may not be listed holds nothing for this user.
            return null;
        }
    }

    private DatasetException NotFound(string name, OfficialDataset? official)
    {
        string searched = Roots.Count == 0 ? "no data root is set" : "searched " + string.Join(", ", Roots);
        string mend = $"`ddm data get {official?.Name ?? "NAME"}` downloads one, --data-root or {RootsVariable} names other roots";
        return official is not null
            ? new DatasetException($"Data set '{name}'", $"is not on this machine ({searched}); {mend}") { IsNotFound = true }
            : new DatasetException(
                $"Data set '{name}'",
                $"is neither a known name ({string.Join(", ", KnownNames)}) nor a path that holds images in a known format ({searched}); {mend}")
            { IsNotFound = true };
    }
}
