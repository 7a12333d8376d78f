using Npgsql;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos.Local;

public sealed class LocalPostgresTests
{
    [PostgresFact]
    public async Task A_server_that_was_ended_in_order_goes_on_with_its_data_at_its_port()
    {
        await using LocalPostgres server = await LocalPostgres.StartAsync(guarded: true);
        await ExecuteAsync(server.ConnectionString, "CREATE TABLE kept AS SELECT 42 AS n");
        LocalPostgres.Halt(server.Server);
        Assert.False(server.Server.Process.IsAlive());
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(server.ConnectionString, "SELECT n FROM kept"));
        LocalServer again = await LocalPostgres.StartAgainAsync(server.Server, new NpgsqlConnectionStringBuilder(server.ConnectionString).Port);
        try
        {
            Assert.True(again.Process.IsAlive());
            Assert.Equal(42, await ExecuteAsync(server.ConnectionString, "SELECT n FROM kept"));
        }
        finally
        {
            LocalPostgres.Stop(again);
        }

        await Assert.ThrowsAsync<ClusterUnreachableException>(() => LocalPostgres.StartAgainAsync(again, 1));
    }

    [PostgresFact]
    public async Task A_server_lives_in_the_folder_it_is_given_or_in_a_temporary_one()
    {
        using var folder = new RunFolder();
        await using (LocalPostgres server = await LocalPostgres.StartAsync(guarded: true, folder.File("a")))
        {
            Assert.Equal(folder.File("a"), server.Server.Folder);
            await Assert.ThrowsAsync<ConfigurationException>(() => LocalPostgres.StartAsync(guarded: true, folder.File("a")));
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        if (Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows())
        {
            // Root may enter it, user postgres may not.
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await using LocalPostgres server = await LocalPostgres.StartAsync(guarded: true, folder.File("a"));
            Assert.StartsWith(Path.GetTempPath(), server.Server.Folder, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        }
    }

    [Fact]
    public async Task A_program_that_takes_too_long_is_told_as_such_and_one_that_is_given_up_as_cancelled()
    {
        ClusterUnreachableException e = await Assert.ThrowsAsync<ClusterUnreachableException>(
            () => LocalPostgres.RunAsync("/", "sleep", ["60"], TimeSpan.FromMilliseconds(100), CancellationToken.None));
        Assert.Contains("sleep", e.Message, StringComparison.Ordinal);
        using var cancelled = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => LocalPostgres.RunAsync("/", "sleep", ["60"], TimeSpan.FromMinutes(1), cancelled.Token));
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string text)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(text, connection);
        return await command.ExecuteScalarAsync();
    }
}
