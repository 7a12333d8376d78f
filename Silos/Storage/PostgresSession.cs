using Npgsql;

namespace OrleansDDM.Silos.Storage;

/// <summary>Commands on one connection; names are looked up in its current schema only, as a table elsewhere in the path is not ours.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, CancellationToken cancellation)
{
    private readonly NpgsqlConnectionStringBuilder _builder = new(connection.ConnectionString);

    public string Name => ClusterDatabase.NameOf(_builder);

    public string? SearchPath => _builder.SearchPath;

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

    public async Task<bool> HasTableAsync(string table) =>
        await ScalarAsync("SELECT to_regclass(format('%I.%I', current_schema(), $1)) IS NOT NULL", table) is true;

    public async Task<string[]> MissingAsync(IEnumerable<string> tables)
    {
        var missing = new List<string>();
        foreach (string table in tables)
        {
            if (!await HasTableAsync(table))
            {
                missing.Add(table);
            }
        }

        return [.. missing];
    }

    public async Task<int?> VersionAsync(string feature) =>
        await ScalarAsync("SELECT Version FROM DdmSchema WHERE Feature = $1", feature) as int?;

    public async Task<Dictionary<string, string>> QueriesAsync()
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        await using NpgsqlCommand command = Command("SELECT QueryKey, QueryText FROM OrleansQuery", []);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            texts[reader.GetString(0)] = reader.GetString(1);
        }

        return texts;
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
