namespace OrleansDDM.Silos.Local;

/// <summary>What <see cref="LocalCluster.UpAsync"/> starts.</summary>
public sealed record LocalClusterOptions
{
    /// <summary>Folder with a folder for each silo's artifacts, the logs, and the file that says what runs.</summary>
    public required string Folder { get; init; }

    /// <summary>Number of silos, 1 to 64.</summary>
    public int Silos { get; init; } = 3;

    /// <summary>PostgreSQL connection string; null = a throw-away server is started.</summary>
    public string? Connection { get; init; }

    /// <summary>More settings of the silos, by their names in the environment, e.g. <c>DDM__Silo__Slots</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
