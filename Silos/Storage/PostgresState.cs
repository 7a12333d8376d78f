using Npgsql;

using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Silos.Storage;

/// <summary>The database of a cluster.</summary>
/// <param name="connectionString">Its connection string.</param>
internal sealed class PostgresState(string connectionString) : IStateDatabase
{
    public async Task PingAsync(CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await command.ExecuteScalarAsync(cancellation);
    }

    public Task<IReadOnlyList<string>> RunKeysAsync(CancellationToken cancellation) => ClusterMembers.RunKeysAsync(connectionString, cancellation);
}
