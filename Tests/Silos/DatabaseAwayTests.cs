using Npgsql;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>A database that goes away in the middle of a command is unreachable; only one that refuses the command has a wrong schema.</summary>
public sealed class DatabaseAwayTests
{
    [Theory]
    [InlineData("57P01", true)]
    [InlineData("57P03", true)]
    [InlineData("53300", true)]
    [InlineData("53100", true)]
    [InlineData("08006", true)]
    [InlineData("42P01", false)]
    [InlineData("42501", false)]
    [InlineData("55P03", false)]
    public void The_class_of_the_error_decides(string state, bool away)
    {
        using var connection = new NpgsqlConnection("Host=h;Database=d;Username=u;Password=secret");
        Exception e = ClusterDatabase.Failure(connection, new PostgresException("it says", "FATAL", "FATAL", state), r => "refused: " + r.MessageText);
        Assert.Equal(away ? typeof(ClusterUnreachableException) : typeof(SchemaException), e.GetType());
        Assert.Equal(away ? "The cluster cannot be reached: database 'd' on h:5432: it says" : "refused: it says", e.Message);
    }

    [Fact]
    public void A_broken_connection_is_no_fault_of_the_schema()
    {
        using var connection = new NpgsqlConnection("Host=h;Database=d;Username=u;Password=secret");
        Exception e = ClusterDatabase.Failure(connection, new NpgsqlException("while reading", new EndOfStreamException("the stream ended")), _ => "refused");
        Assert.IsType<ClusterUnreachableException>(e);
        Assert.Contains("the stream ended", e.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Whoever_is_cut_off_in_mid_query_says_that_the_cluster_cannot_be_reached()
    {
        string database = await TestPostgres.InstalledAsync();
        (string Table, Func<Task> Work)[] cases =
        [
            ("ClusterMember", () => ClusterMembers.ReadAsync(database)),
            ("ClusterIdentity", () => ClusterIdentity.ReadAsync(database)),
            ("TokenRevocation", () => RevocationTable.ReadAsync(database)),
            ("TokenRevocation", () => RevocationTable.AddAsync(database, "eve", DateTimeOffset.UnixEpoch)),
            ("DdmSchema", () => PostgresSchema.RequireAsync(database)),
            ("DdmSchema", () => PostgresSchema.InstallAsync(database)),
        ];
        foreach ((string table, Func<Task> work) in cases)
        {
            await using var held = new NpgsqlConnection(database + ";Pooling=false");
            await held.OpenAsync();
            await using NpgsqlTransaction transaction = await held.BeginTransactionAsync();
            await using (var take = new NpgsqlCommand($"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", held, transaction))
            {
                await take.ExecuteNonQueryAsync();
            }

            Task waiting = work();
            await Until.HoldsAsync(async () => (long)(await PostgresSchemaTests.ScalarAsync(
                database, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))! > 0);
            Assert.Contains("cannot be reached", (await Assert.ThrowsAsync<ClusterUnreachableException>(() => waiting)).Message, StringComparison.Ordinal);
        }
    }
}
