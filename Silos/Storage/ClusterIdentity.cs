using System.Text.Json;

using Npgsql;

using OrleansDDM.Learning.Serialization;
using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Silos.Storage;

/// <summary>
/// Binds a silo's folder to its database. Both carry the same random id: the database in one row, the folder in <c>cluster-id.json</c>. With
/// another database's folder a silo would find none of its runs' checkpoints and train them anew without a word.
/// </summary>
internal static class ClusterIdentity
{
    private const string FileName = "cluster-id.json";
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private sealed record Marker(Guid Cluster);

    /// <summary>Checks that a folder belongs to a database, or lets a folder without artifacts belong to it from now on.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="folder">The silo's folder; made if missing.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ConfigurationException">It belongs to another database, or nobody knows to which.</exception>
    /// <exception cref="SchemaException">The database has no id.</exception>
    public static async Task BindAsync(string connectionString, string folder, CancellationToken cancellation = default)
    {
        Guid database = await ReadAsync(connectionString, cancellation);
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, FileName);
        if (ReadMarker(path) is { } marker)
        {
            if (marker != database)
            {
                throw new ConfigurationException(
                    $"The folder '{folder}' holds artifacts of another cluster ({marker}) than the database ({database}). Use the folder that belongs to this database, restore the two from the same backup, or give Silo:Folder an empty folder.");
            }

            return;
        }

        if (HasFiles(Path.Combine(folder, "artifacts")))
        {
            throw new ConfigurationException(
                $"The folder '{folder}' holds artifacts, but no {FileName} says of which cluster. If they belong to this database, write {{\"cluster\":\"{database}\"}} to that file; otherwise give Silo:Folder an empty folder.");
        }

        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(new Marker(database), Json));
    }

    /// <summary>Whether a folder says that it belongs to a database.</summary>
    public static bool Belongs(string folder, Guid database) => ReadMarker(Path.Combine(folder, FileName)) == database;

    /// <summary>The id of a database.</summary>
    /// <exception cref="SchemaException">It has none.</exception>
    public static async Task<Guid> ReadAsync(string connectionString, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        await using var command = new NpgsqlCommand("SELECT Id FROM ClusterIdentity", connection);
        try
        {
            return await command.ExecuteScalarAsync(cancellation) as Guid?
                ?? throw new SchemaException("The cluster's database has lost its id. Restore its row in ClusterIdentity: it stands in cluster-id.json of each silo's folder.");
        }
        catch (NpgsqlException e)
        {
            throw ClusterDatabase.Failure(connection, e, r => $"The id of the cluster's database cannot be read: {r.MessageText}. Check it: ddm db check --cluster \"...\"");
        }
    }

    private static Guid? ReadMarker(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Marker>(File.ReadAllBytes(path), Json) is { Cluster: var id } && id != Guid.Empty
                ? id
                : throw new ConfigurationException(Unreadable(path, "it names no cluster"));
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(Unreadable(path, e.Message));
        }
    }

    private static string Unreadable(string path, string why) => $"'{path}' does not say to which cluster the folder belongs: {why}. Restore the file from a backup.";

    private static bool HasFiles(string folder) => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Any();
}
