using Npgsql;

namespace OrleansDDM.Silos.Storage;

/// <summary>Commands on one connection; names are looked up in its current schema only, as a table elsewhere in the path is not ours.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, CancellationToken cancellation)
{
    private readonly NpgsqlConnectionStringBuilder _builder = new(connection.ConnectionString);

    public string Name => ClusterDatabase.NameOf(_builder);

    public string? SearchPath => _builder.SearchPath;

    /// <summary>What the failure of a command is told as.</summary>
    public Exception Failure(NpgsqlException error, Func<PostgresException, string> complaint) => ClusterDatabase.Failure(connection, error, complaint);

    public async Task ExecuteAsync(string text, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(text, parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task<object?> ScalarAsync(string text, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(text, parameters);
        return await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>The tables of the current schema, lower case as PostgreSQL keeps them.</summary>
    public async Task<HashSet<string>> TablesAsync() =>
        [.. (await RowsAsync("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()", r => r.GetString(0)))];

    /// <summary>The installed version of each feature.</summary>
    public async Task<Dictionary<string, int>> VersionsAsync() =>
        (await RowsAsync("SELECT Feature, Version FROM DdmSchema", r => KeyValuePair.Create(r.GetString(0), r.GetInt32(1)))).ToDictionary();

    /// <summary>The text of each query.</summary>
    public async Task<Dictionary<string, string>> QueriesAsync() =>
        (await RowsAsync("SELECT QueryKey, QueryText FROM OrleansQuery", r => KeyValuePair.Create(r.GetString(0), r.GetString(1)))).ToDictionary();

    private async Task<List<T>> RowsAsync<T>(string text, Func<NpgsqlDataReader, T> read)
    {
        var rows = new List<T>();
        await using NpgsqlCommand command = Command(text, []);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private NpgsqlCommand Command(string text, object[] parameters)
    {
        var command = new NpgsqlCommand(text, connection);
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return command;
    }
}
