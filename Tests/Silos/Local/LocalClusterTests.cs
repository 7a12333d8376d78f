using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using Npgsql;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos.Local;

/// <summary>The throw-away database of a cluster on this machine, over restarts of the machine that leave things behind or lose them.</summary>
public sealed class LocalClusterTests : IAsyncLifetime
{
    private readonly RunFolder _folder = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await LocalCluster.DownAsync(_folder);
        _folder.Dispose();
    }

    [PostgresFact]
    public async Task A_stranger_with_the_id_of_the_server_is_neither_killed_nor_taken_for_it()
    {
        LocalPostgres postgres = await LocalPostgres.StartAsync(guarded: false, _folder.File("postgres"));
        LocalPostgres.Halt(postgres.Server);

        // PostgreSQL minds strangers of its own user only.
        using Process stranger = Environment.IsPrivilegedProcess
            ? Process.Start("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "sleep", "600"])
            : Process.Start("sleep", ["600"]);
        try
        {
            LocalServer stale = postgres.Server with { Process = postgres.Server.Process with { ProcessId = stranger.Id } };
            LeaveBehind();
            await LocalCluster.StartDatabaseAsync(_folder);
            LocalServer started = LocalClusterFile.Read(_folder)!.Postgres!;
            Assert.NotEqual(stranger.Id, started.Process.ProcessId);
            await PostgresSchemaTests.ScalarAsync(postgres.ConnectionString, "SELECT 1");
            LocalPostgres.Halt(started);

            LeaveBehind();
            await LocalCluster.DownAsync(_folder);
            Assert.False(stranger.HasExited);
            Assert.False(Directory.Exists(stale.Folder));

            void LeaveBehind()
            {
                File.WriteAllText(Path.Combine(stale.Folder, "data", "postmaster.pid"), stranger.Id.ToString(CultureInfo.InvariantCulture) + "\n");
                new LocalClusterFile(postgres.ConnectionString, [], stale).Write(_folder);
            }
        }
        finally
        {
            stranger.Kill();
            await stranger.WaitForExitAsync();
        }
    }

    [PostgresFact]
    public async Task A_cluster_whose_database_is_gone_is_given_up_and_the_next_one_starts_in_its_folder()
    {
        // As after a restart of the machine that has emptied the temporary folder.
        Guid cluster = new("5a1d8c5e-1f0b-4a86-9a5e-0d1c2b3a4f5e");
        var gone = new LocalServer(new LocalProcess(int.MaxValue, "another boot/1"), _folder.File("postgres")) { Cluster = cluster };
        var connection = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = 1, Database = "ddm", Username = "ddm", Password = "x" };
        new LocalClusterFile(connection.ConnectionString, [new LocalSilo("silo-1", new LocalProcess(int.MaxValue, "another boot/1"), null)], gone).Write(_folder);
        foreach (string silo in (string[])["silo-1", "silo-2"])
        {
            Directory.CreateDirectory(_folder.File(silo + "/artifacts"));
            File.WriteAllText(_folder.File(silo + "/cluster-id.json"), JsonSerializer.Serialize(new { cluster }));
            File.WriteAllText(_folder.File(silo + "/artifacts/x"), "x");
        }

        File.WriteAllText(_folder.File("mine"), "mine");
        var options = new LocalClusterOptions { Folder = _folder, Silos = 1 };
        ClusterUnreachableException e = await Assert.ThrowsAsync<ClusterUnreachableException>(() => LocalCluster.UpAsync(options));
        Assert.Contains("ddm cluster down", e.Message, StringComparison.Ordinal);
        await LocalCluster.DownAsync(_folder);
        Assert.Equal(["logs", "mine"], Directory.EnumerateFileSystemEntries(_folder).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal));

        LocalClusterFile up = await LocalCluster.UpAsync(options);
        Assert.Equal(_folder.File("postgres"), up.Postgres!.Folder);
        Assert.Equal(await ClusterIdentity.ReadAsync(up.ConnectionString), up.Postgres.Cluster);
        Assert.True(ClusterIdentity.Belongs(_folder.File("silo-1"), up.Postgres.Cluster!.Value));
        await LocalCluster.DownAsync(_folder);
        Assert.Equal(["logs", "mine", "silos"], Directory.EnumerateFileSystemEntries(_folder).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal));
    }
}
