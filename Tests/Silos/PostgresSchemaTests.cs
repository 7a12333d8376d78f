using Npgsql;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;

using Xunit;

namespace OrleansDDM.Tests.Silos;

public sealed class PostgresSchemaTests
{
    [PostgresFact]
    public async Task Installing_twice_changes_nothing()
    {
        string database = await TestPostgres.EmptyAsync();
        await PostgresSchema.InstallAsync(database);
        object? before = await DumpAsync(database);
        await PostgresSchema.InstallAsync(database);
        Assert.Equal(before, await DumpAsync(database));
        await PostgresSchema.RequireAsync(database);
    }

    [PostgresFact]
    public async Task Installing_from_twelve_sides_at_once_works()
    {
        string database = await TestPostgres.EmptyAsync();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(() => PostgresSchema.InstallAsync(database))));
        Assert.All(await PostgresSchema.InspectAsync(database), s => Assert.Equal(FeatureCondition.Current, s.Condition));
        Assert.Equal(21L, await ScalarAsync(database, "SELECT count(*) FROM OrleansQuery"));
    }

    [PostgresFact]
    public async Task Failed_installation_leaves_nothing_behind()
    {
        string database = await TestPostgres.EmptyAsync();
        await ScalarAsync(database, "CREATE VIEW Reminder AS SELECT 1 AS ServiceId, 1 AS GrainHash");
        await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.InstallAsync(database));
        Assert.Equal(0L, await ScalarAsync(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
    }

    [PostgresFact]
    public async Task Empty_database_is_told_as_such()
    {
        string database = await TestPostgres.EmptyAsync();
        SchemaException e = await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.RequireAsync(database));
        Assert.Contains("has no OrleansDDM schema", e.Message, StringComparison.Ordinal);
        Assert.Contains("ddm db init", e.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Every_query_that_is_missing_is_named_and_installing_brings_it_back()
    {
        string database = await TestPostgres.InstalledAsync();
        foreach (string key in SchemaFeature.All.SelectMany(f => f.Queries))
        {
            await ScalarAsync(database, $"UPDATE OrleansQuery SET QueryKey = trim(QueryKey, '*'); UPDATE OrleansQuery SET QueryKey = '*' || QueryKey WHERE QueryKey = '{key}'");
            SchemaException e = await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.RequireAsync(database));
            Assert.Contains($"without query {key})", e.Message, StringComparison.Ordinal);
        }

        await PostgresSchema.InstallAsync(database);
        await PostgresSchema.RequireAsync(database);
    }

    [PostgresTheory]
    [InlineData("UPDATE DdmSchema SET Version = 0 WHERE Feature = 'clustering'", "clustering: version 0, needed is 1")]
    [InlineData("UPDATE OrleansQuery SET QueryText = 'SELECT 1' WHERE QueryKey = 'GatewaysQueryKey'", "another text of query GatewaysQueryKey")]
    [InlineData("DELETE FROM DdmSchema WHERE Feature = 'reminders'", "reminders: not installed")]
    [InlineData("DROP TABLE GrainState", "without table grainstate")]
    [InlineData("DROP TABLE ClusterMember; DROP TABLE ClusterVersion", "without table clusterversion, clustermember")]
    public async Task Old_or_broken_schema_is_told_and_brought_up_to_date(string spoil, string told)
    {
        string database = await TestPostgres.InstalledAsync();
        await ScalarAsync(database, spoil);
        SchemaException e = await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.RequireAsync(database));
        Assert.Contains("old or incomplete", e.Message, StringComparison.Ordinal);
        Assert.Contains(told, e.Message, StringComparison.Ordinal);
        await PostgresSchema.InstallAsync(database);
        await PostgresSchema.RequireAsync(database);
    }

    [PostgresFact]
    public async Task Upgrade_keeps_what_grains_remember()
    {
        string database = await TestPostgres.InstalledAsync();
        await ScalarAsync(database, "INSERT INTO GrainState VALUES (1, 2, 0, 0, 's', 'k', 'x', NULL, 7, now())");
        await ScalarAsync(database, "UPDATE DdmSchema SET Version = 0");
        await PostgresSchema.InstallAsync(database);
        Assert.Equal(7, await ScalarAsync(database, "SELECT Version FROM GrainState"));
    }

    [PostgresFact]
    public async Task Newer_schema_is_refused_by_everyone()
    {
        string database = await TestPostgres.InstalledAsync();
        await ScalarAsync(database, "UPDATE DdmSchema SET Version = 99 WHERE Feature = 'reminders'");
        Assert.Contains("newer", (await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.RequireAsync(database))).Message, StringComparison.Ordinal);
        Assert.Contains("version 99", (await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.InstallAsync(database))).Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Tables_of_another_Orleans_application_are_left_alone()
    {
        string database = await TestPostgres.EmptyAsync();
        await ScalarAsync(database, "CREATE TABLE OrleansQuery (QueryKey varchar(64) PRIMARY KEY, QueryText varchar(8000) NOT NULL)");
        SchemaException e = await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.InstallAsync(database));
        Assert.Contains("Search Path", e.Message, StringComparison.Ordinal);

        // In a schema of its own it installs, and what lies in the other one is not taken for it.
        string own = database + ";Search Path=own,public";
        await PostgresSchema.InstallAsync(own);
        await PostgresSchema.RequireAsync(own);
        Assert.Equal(0L, await ScalarAsync(database, "SELECT count(*) FROM OrleansQuery"));
        await ScalarAsync(own, "DROP TABLE own.OrleansQuery");
        await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.RequireAsync(own));
    }

    [Theory]
    [InlineData("a=b=c", "not a PostgreSQL connection string")]
    [InlineData("Database=ddm", "names no Host")]
    [InlineData("Host=h;Port=many", "not a PostgreSQL connection string")]
    public async Task Bad_connection_string_is_told(string connection, string told) =>
        Assert.Contains(told, (await Assert.ThrowsAsync<ConfigurationException>(() => PostgresSchema.RequireAsync(connection))).Message, StringComparison.Ordinal);

    [PostgresTheory]
    [InlineData("Password", "wrong")]
    [InlineData("Database", "nowhere")]
    [InlineData("Port", "1")]
    public async Task Server_that_does_not_let_us_in_is_unreachable_and_no_password_is_told(string key, string value)
    {
        var wrong = new NpgsqlConnectionStringBuilder(await TestPostgres.EmptyAsync()) { [key] = value };
        ClusterUnreachableException e = await Assert.ThrowsAsync<ClusterUnreachableException>(() => PostgresSchema.RequireAsync(wrong.ConnectionString));
        Assert.DoesNotContain(wrong.Password!, e.Message, StringComparison.Ordinal);
    }

    internal static async Task<object?> ScalarAsync(string connection, string text)
    {
        await using NpgsqlConnection open = new(connection + ";Pooling=false");
        await open.OpenAsync();
        await using NpgsqlCommand command = new(text, open);
        return await command.ExecuteScalarAsync();
    }

    private static Task<object?> DumpAsync(string database) => ScalarAsync(
        database,
        """
        SELECT (SELECT string_agg(QueryKey || QueryText || xmin, '|' ORDER BY QueryKey) FROM OrleansQuery)
            || (SELECT string_agg(indexdef, '|' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public')
        """);
}
