using System.Text.Json;

using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Silos.Local;

/// <summary>The file <c>cluster.json</c> in a local cluster's folder: what runs. It holds a password, so only its owner may read it.</summary>
/// <param name="ConnectionString">The cluster's database.</param>
/// <param name="Silos">The silos in the order they were started.</param>
/// <param name="Postgres">The throw-away server; null where the database is somebody else's.</param>
public sealed record LocalClusterFile(string ConnectionString, IReadOnlyList<LocalSilo> Silos, LocalServer? Postgres)
{
    private const string FileName = "cluster.json";
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>More settings of the silos, by their names in the environment.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads the file of a folder; null = there is none.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static LocalClusterFile? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<LocalClusterFile>(File.ReadAllBytes(path), Json) : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"'{path}' cannot be read: {e.Message} Delete it if none of its processes runs.");
        }
    }

    internal void Write(string folder)
    {
        string path = Path.Combine(folder, FileName);
        string temporary = path + ".tmp";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, options))
        {
            JsonSerializer.Serialize(stream, this, Json);
        }

        File.Move(temporary, path, overwrite: true);
    }

    internal static void Delete(string folder) => File.Delete(Path.Combine(folder, FileName));
}

/// <summary>A silo of a local cluster.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Process">Its process.</param>
/// <param name="HttpUrl">Where its pages are.</param>
public sealed record LocalSilo(string Name, LocalProcess Process, string? HttpUrl);

/// <summary>A throw-away PostgreSQL server.</summary>
/// <param name="Process">Its main process.</param>
/// <param name="Folder">Its data.</param>
public sealed record LocalServer(LocalProcess Process, string Folder)
{
    /// <summary>The cluster's id in its database, by which the silos' folders belong to it; null = the database has none yet.</summary>
    public Guid? Cluster { get; init; }
}
