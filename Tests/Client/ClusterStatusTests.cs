using System.Text.Json;

using Npgsql;

using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm cluster status</c> of a cluster that does not answer.</summary>
public sealed class ClusterStatusTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task What_the_database_knows_is_shown_without_the_silos()
    {
        string cluster = await TestPostgres.InstalledAsync();
        await using (NpgsqlConnection database = await OrleansDDM.Silos.Storage.ClusterDatabase.OpenAsync(cluster, CancellationToken.None))
        {
            await using var command = new NpgsqlCommand(
                $"""
                INSERT INTO ClusterVersion VALUES ('{OrleansDDM.Silos.SiloHost.ClusterId}', 1);
                INSERT INTO ClusterMember VALUES ('{OrleansDDM.Silos.SiloHost.ClusterId}', '127.0.0.1', 2, 1, 'gone', 'here', 3, 1, NULL, now(), now());
                """,
                database);
            await command.ExecuteNonQueryAsync();
        }

        DdmResult shown = await DdmProcess.ExpectAsync(0, _folder, "cluster", "status", "--cluster", cluster, "--format", "json");
        JsonElement silo = shown.Json.GetProperty("silos")[0];
        Assert.Equal(("gone", "active"), (silo.GetProperty("name").GetString(), silo.GetProperty("status").GetString()));
        Assert.Equal(JsonValueKind.Null, silo.GetProperty("devices").ValueKind);
        Assert.Contains("devices are not shown", shown.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(shown);
        await DdmProcess.ExpectAsync(1, _folder, "cluster", "status", "--cluster", cluster, "--expect", "2");
    }
}
