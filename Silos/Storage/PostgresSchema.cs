using Npgsql;

using OrleansDDM.Silos.Embedding;

namespace OrleansDDM.Silos.Storage;

/// <summary>
/// Installs and checks the tables and query texts of a cluster in PostgreSQL: membership, grain storage and reminders. They go to the
/// first schema of the connection's search path.
/// </summary>
public static class PostgresSchema
{
    private const string Catalog = "orleansquery";
    private const string Markers = "ddmschema";

    // Any number that no one else takes as an advisory lock in this database: "ddmschem" in ASCII.
    private const long InstallLock = 0x64646d736368656d;

    /// <summary>
    /// Creates what is missing and brings the rest up to date, all or nothing. It may run any number of times and from many sides at once.
    /// </summary>
    /// <exception cref="SchemaException">The database has a newer schema, belongs to another Orleans application, or does not permit it.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static async Task InstallAsync(string connectionString, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        var database = new PostgresSession(connection, cancellation);
        try
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellation);
            await database.ExecuteAsync("SET LOCAL lock_timeout = '60s'");
            await database.ExecuteAsync("SELECT pg_advisory_xact_lock($1)", InstallLock);

            // Only now, in statements of their own: what ran before us is visible.
            await CreateSchemaAsync(database);
            HashSet<string> tables = await database.TablesAsync();
            if (tables.Contains(Catalog) && !tables.Contains(Markers))
            {
                throw new SchemaException(
                    $"Database {database.Name} has a table OrleansQuery of another Orleans application. Use a schema of its own: add \"Search Path=ddm\" to the connection string.");
            }

            await database.ExecuteAsync(SchemaText.Read("postgres"));
            Dictionary<string, int> versions = await database.VersionsAsync();
            foreach (SchemaFeature feature in SchemaFeature.All)
            {
                await InstallAsync(database, feature, versions.GetValueOrDefault(feature.Name), feature.Tables.All(tables.Contains));
            }

            await transaction.CommitAsync(cancellation);
        }
        catch (NpgsqlException e)
        {
            throw database.Failure(e, r => $"The schema could not be installed in database {database.Name}: {r.MessageText}.{Mend(r)}");
        }
    }

    /// <summary>What the database has of each feature.</summary>
    /// <exception cref="SchemaException">The role may not read it.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static async Task<IReadOnlyList<FeatureState>> InspectAsync(string connectionString, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        return await InspectAsync(new PostgresSession(connection, cancellation));
    }

    /// <summary>Returns if the database has the schema that this program needs.</summary>
    /// <exception cref="SchemaException">It has none, an old one or a newer one.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer.</exception>
    public static async Task RequireAsync(string connectionString, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await ClusterDatabase.OpenAsync(connectionString, cancellation);
        var database = new PostgresSession(connection, cancellation);
        if (Complaint(await InspectAsync(database), database.Name) is { } complaint)
        {
            throw new SchemaException(complaint);
        }
    }

    /// <summary>What is wrong with a schema, with the mend; null = nothing.</summary>
    internal static string? Complaint(IReadOnlyList<FeatureState> states, string database)
    {
        FeatureState[] wrong = [.. states.Where(s => s.Condition != FeatureCondition.Current)];
        if (wrong.Length == 0)
        {
            return null;
        }

        string details = string.Join("; ", wrong.Select(s => $"{s.Feature}: {s.Detail}"));
        return wrong switch
        {
            _ when wrong.Any(s => s.Condition == FeatureCondition.Newer) =>
                $"Database {database} has a newer schema than this program knows ({details}). Use the newer program.",
            _ when wrong.Length == states.Count && wrong.All(s => s.Installed is null) =>
                $"Database {database} has no OrleansDDM schema. Install it: ddm db init --cluster \"...\"",
            _ => $"Database {database} has an old or incomplete OrleansDDM schema ({details}). Bring it up to date: ddm db init --cluster \"...\"",
        };
    }

    private static async Task<IReadOnlyList<FeatureState>> InspectAsync(PostgresSession database)
    {
        try
        {
            HashSet<string> present = await database.TablesAsync();
            Dictionary<string, int> versions = present.Contains(Markers) ? await database.VersionsAsync() : [];
            Dictionary<string, string> texts = present.Contains(Catalog) ? await database.QueriesAsync() : [];
            var states = new List<FeatureState>();
            foreach (SchemaFeature feature in SchemaFeature.All)
            {
                int? installed = versions.TryGetValue(feature.Name, out int version) ? version : null;
                string[] tables = [.. feature.Tables.Where(t => !present.Contains(t))];
                string[] keys = [.. feature.Queries.Where(q => !texts.ContainsKey(q))];
                (FeatureCondition condition, string? detail) = installed switch
                {
                    null => (FeatureCondition.Missing, "not installed"),
                    { } v when v > feature.Version => (FeatureCondition.Newer, $"version {v}, known is {feature.Version}"),
                    _ when tables.Length > 0 => (FeatureCondition.Missing, "without table " + string.Join(", ", tables)),
                    _ when keys.Length > 0 => (FeatureCondition.Missing, "without query " + string.Join(", ", keys)),
                    { } v when v < feature.Version => (FeatureCondition.Old, $"version {v}, needed is {feature.Version}"),
                    _ when feature.Queries.FirstOrDefault(q => texts[q] != SchemaText.Read(q)) is { } changed =>
                        (FeatureCondition.Old, $"another text of query {changed}"),
                    _ => (FeatureCondition.Current, (string?)null),
                };
                states.Add(new FeatureState(feature.Name, condition, installed, feature.Version, detail));
            }

            return states;
        }
        catch (NpgsqlException e)
        {
            throw database.Failure(e, r => $"The schema of database {database.Name} cannot be read: {r.MessageText}.{Mend(r)}");
        }
    }

    private static async Task InstallAsync(PostgresSession database, SchemaFeature feature, int installed, bool whole)
    {
        if (installed > feature.Version)
        {
            throw new SchemaException(
                $"Database {database.Name} has version {installed} of the {feature.Name} schema, this program knows version {feature.Version}. Use the newer program.");
        }

        // Each step may run again; where a table is gone, all of them do.
        for (int version = whole ? installed + 1 : 1; version <= feature.Version; version++)
        {
            await database.ExecuteAsync(SchemaText.Read($"postgres.{feature.Name}.{version}"));
        }

        await database.ExecuteAsync(
            "INSERT INTO DdmSchema (Feature, Version) VALUES ($1, $2) ON CONFLICT (Feature) DO UPDATE SET Version = excluded.Version",
            feature.Name,
            feature.Version);
        foreach (string key in feature.Queries)
        {
            await database.ExecuteAsync(
                """
                INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ($1, $2)
                ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText WHERE OrleansQuery.QueryText <> excluded.QueryText
                """,
                key,
                SchemaText.Read(key));
        }
    }

    // PostgreSQL passes over a schema of the search path that does not exist, and would create the tables elsewhere.
    private static async Task CreateSchemaAsync(PostgresSession database)
    {
        if (database.SearchPath?.Split(',')[0].Trim() is { Length: > 0 } wanted && !wanted.Contains('$', StringComparison.Ordinal)
            && await database.ScalarAsync("SELECT current_schema()") as string != wanted.Trim('"'))
        {
            await database.ExecuteAsync($"CREATE SCHEMA IF NOT EXISTS {wanted}");
        }
    }

    private static string Mend(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.InsufficientPrivilege => " The role lacks a privilege; docs/operations.md lists what it needs.",
        PostgresErrorCodes.LockNotAvailable => " Another installation is under way; try again.",
        _ => string.Empty,
    };
}
