using Microsoft.Extensions.Logging;

using Npgsql;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Silos.Storage;

/// <summary>What the grain states of a cluster's database refer to. A database that does not answer lets nothing be collected.</summary>
internal sealed partial class PostgresArtifactRoots(ClusterSiloOptions options, ILogger<PostgresArtifactRoots> logger) : IArtifactRoots
{
    public async Task<IReadOnlySet<string>?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(options.Connection, cancellation);
            await using var command = new NpgsqlCommand("SELECT PayloadBinary FROM GrainState WHERE PayloadBinary IS NOT NULL", connection);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            HashSet<string> names = [];
            while (await reader.ReadAsync(cancellation))
            {
                ArtifactNamesIn.Add(reader.GetFieldValue<byte[]>(0), names);
            }

            return names;
        }
        catch (Exception e) when (e is ClusterUnreachableException or NpgsqlException)
        {
            LogUnreadable(e.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 2021, Level = LogLevel.Warning, Message = "What the stored states refer to cannot be read from the database: {Reason}")]
    private partial void LogUnreadable(string reason);
}
