using Microsoft.Data.Sqlite;

namespace OrleansDDM.Silos.Storage;

/// <summary>The database file of an embedded silo. It is opened without being created: a file that was deleted is a lost database.</summary>
/// <param name="path">Its path.</param>
internal sealed class SqliteState(string path) : IStateDatabase
{
    private readonly string _connection = new SqliteConnectionStringBuilder
    {
        DataSource = Path.GetFullPath(path),
        Mode = SqliteOpenMode.ReadOnly,
        Pooling = false,
    }.ToString();

    public Task PingAsync(CancellationToken cancellation) => QueryAsync("SELECT Feature FROM DdmSchema LIMIT 1", cancellation);

    // The storage provider puts the state's name where other systems have the grain's type.
    public Task<IReadOnlyList<string>> RunKeysAsync(CancellationToken cancellation) => QueryAsync(
        """
        SELECT GrainIdExtensionString FROM GrainState
        WHERE GrainTypeString = 'run' AND GrainIdExtensionString IS NOT NULL AND PayloadBinary IS NOT NULL ORDER BY 1
        """,
        cancellation);

    private async Task<IReadOnlyList<string>> QueryAsync(string text, CancellationToken cancellation)
    {
        await using var connection = new SqliteConnection(_connection);
        await connection.OpenAsync(cancellation);
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        await using SqliteDataReader rows = await command.ExecuteReaderAsync(cancellation);
        var found = new List<string>();
        while (await rows.ReadAsync(cancellation))
        {
            found.Add(rows.GetString(0));
        }

        return found;
    }
}
