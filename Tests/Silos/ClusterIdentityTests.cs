using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

public sealed class ClusterIdentityTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task Folder_belongs_to_the_first_database_and_no_other_one_takes_it()
    {
        string database = await TestPostgres.InstalledAsync();
        string other = await TestPostgres.InstalledAsync();
        await ClusterIdentity.BindAsync(database, _folder);
        await ClusterIdentity.BindAsync(database, _folder);
        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => ClusterIdentity.BindAsync(other, _folder));
        Assert.Contains("another cluster", e.Message, StringComparison.Ordinal);
        Assert.Contains("Silo:Folder", e.Message, StringComparison.Ordinal);
        Assert.NotEqual(await ClusterIdentity.ReadAsync(database), await ClusterIdentity.ReadAsync(other));
    }

    [PostgresFact]
    public async Task Installing_again_keeps_the_id()
    {
        string database = await TestPostgres.InstalledAsync();
        Guid before = await ClusterIdentity.ReadAsync(database);
        await PostgresSchema.InstallAsync(database);
        Assert.Equal(before, await ClusterIdentity.ReadAsync(database));
    }

    [PostgresFact]
    public async Task Artifacts_of_which_nobody_knows_the_cluster_are_refused_with_the_mend()
    {
        string database = await TestPostgres.InstalledAsync();
        Directory.CreateDirectory(_folder.File("artifacts/aa"));
        await ClusterIdentity.BindAsync(database, _folder);
        File.Delete(_folder.File("cluster-id.json"));
        File.WriteAllText(_folder.File("artifacts/aa/x"), "x");
        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => ClusterIdentity.BindAsync(database, _folder));
        string mend = $$"""{"cluster":"{{await ClusterIdentity.ReadAsync(database)}}"}""";
        Assert.Contains(mend, e.Message, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("cluster-id.json"), mend);
        await ClusterIdentity.BindAsync(database, _folder);
    }

    [PostgresTheory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"cluster\":\"x\"}")]
    [InlineData("{\"cluster\":\"00000000-0000-0000-0000-000000000000\"}")]
    public async Task Spoilt_marker_is_told(string text)
    {
        string database = await TestPostgres.InstalledAsync();
        File.WriteAllText(_folder.File("cluster-id.json"), text);
        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => ClusterIdentity.BindAsync(database, _folder));
        Assert.Contains("cluster-id.json", e.Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(_folder.File("cluster-id.json")));
    }

    [PostgresFact]
    public async Task Database_without_an_id_is_told()
    {
        string database = await TestPostgres.InstalledAsync();
        await PostgresSchemaTests.ScalarAsync(database, "DELETE FROM ClusterIdentity");
        Assert.Contains("ClusterIdentity", (await Assert.ThrowsAsync<SchemaException>(() => ClusterIdentity.BindAsync(database, _folder))).Message, StringComparison.Ordinal);
    }
}
