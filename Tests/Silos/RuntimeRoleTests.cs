using Microsoft.Extensions.Logging;

using Npgsql;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

using static OrleansDDM.Tests.Silos.PostgresSchemaTests;

namespace OrleansDDM.Tests.Silos;

/// <summary>The role that docs/operations.md gives to silos: enough for all that they do, and no more.</summary>
public sealed class RuntimeRoleTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task It_cannot_change_the_schema()
    {
        string limited = await RoleAsync(await TestPostgres.InstalledAsync());
        await PostgresSchema.RequireAsync(limited);
        SchemaException e = await Assert.ThrowsAsync<SchemaException>(() => PostgresSchema.InstallAsync(limited));
        Assert.Contains("docs/operations.md", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(limited, "DROP TABLE GrainState"));
        await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(limited, "UPDATE OrleansQuery SET QueryText = ''"));
    }

    [PostgresFact]
    public async Task Silo_that_has_it_trains_a_run_removes_it_and_leaves()
    {
        string database = await TestPostgres.InstalledAsync();
        string limited = await RoleAsync(database);
        Assert.Empty(await RevocationTable.ReadAsync(limited));
        var options = new ClusterSiloOptions
        {
            Connection = limited,
            Name = "a",
            Folder = _folder,
            Slots = 2,
            Slice = TimeSpan.FromMilliseconds(50),
            LogLevel = LogLevel.None,
        };
        bool released = false;
        var runtime = new FakeRuntime { BeforeStep = (_, _, stop) => Volatile.Read(ref released) || (stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20)) & false) };
        await using (ClusterSilo silo = await ClusterSilo.StartAsync(options, runtime))
        {
            IRunGrain run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));
            await run.SubmitAsync(SpecJson.Write(new RunSpec { Name = "r", Experts = new ExpertsSpec { Count = 2 }, Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 } }));
            await Until.HoldsAsync(async () => await RemindersAsync() == 1);
            Volatile.Write(ref released, true);
            await Until.SeenAsync(() => run.GetStatusAsync()!, s => s.Phase == RunPhase.Ready);
            await Until.HoldsAsync(async () => await RemindersAsync() == 0);
            Assert.Equal(["run/r"], await ClusterMembers.RunKeysAsync(limited));
            await run.RemoveAsync(force: false);
            Assert.Equal(0L, await ScalarAsync(database, "SELECT count(*) FROM GrainState WHERE GrainTypeString = 'run'"));
        }

        Assert.Equal("Dead", Assert.Single(await ClusterMembers.ReadAsync(limited)).Status);

        async Task<long> RemindersAsync() => (long)(await ScalarAsync(database, "SELECT count(*) FROM Reminder"))!;
    }

    private static async Task<string> RoleAsync(string database)
    {
        string role = new NpgsqlConnectionStringBuilder(database).Database + "_silo";
        await ScalarAsync(database, $"CREATE ROLE {role} LOGIN PASSWORD 'x'");
        await ScalarAsync(database, $"GRANT SELECT ON OrleansQuery, DdmSchema, ClusterIdentity, TokenRevocation TO {role}");
        await ScalarAsync(database, $"GRANT SELECT, INSERT, UPDATE, DELETE ON ClusterVersion, ClusterMember, GrainState, Reminder TO {role}");
        return new NpgsqlConnectionStringBuilder(database) { Username = role, Password = "x" }.ConnectionString;
    }
}
