using System.Data.Common;

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

using Npgsql;

using Orleans.Hosting;
using Orleans.Storage;

using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>The real storage provider on each database, started when a test first asks for it.</summary>
public sealed class StorageHosts : IAsyncLifetime
{
    private readonly RunFolder _folder = new();
    private readonly Dictionary<Backend, (IHost Host, string Connection)> _hosts = [];

    private string SqliteFile => _folder.File("state.db");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach ((IHost host, _) in _hosts.Values)
        {
            await host.StopAsync();
            host.Dispose();
        }

        SqliteSchema.Close(SqliteFile);
        _folder.Dispose();
    }

    /// <summary>The storage.</summary>
    /// <param name="backend">The database.</param>
    /// <param name="deletes">Whether clearing a state deletes its row.</param>
    internal async Task<IGrainStorage> StorageAsync(Backend backend, bool deletes = false) =>
        (await HostAsync(backend)).Host.Services.GetRequiredKeyedService<IGrainStorage>(deletes ? "deletes" : "clears");

    /// <summary>A connection of the driver that the provider uses.</summary>
    internal async Task<DbConnection> OpenAsync(Backend backend)
    {
        string text = (await HostAsync(backend)).Connection;
        DbConnection connection = backend == Backend.Sqlite ? new SqliteConnection(text) : new NpgsqlConnection(text);
        await connection.OpenAsync();
        return connection;
    }

    private async Task<(IHost Host, string Connection)> HostAsync(Backend backend)
    {
        if (_hosts.TryGetValue(backend, out (IHost Host, string Connection) started))
        {
            return started;
        }

        string connection = backend == Backend.Sqlite ? SqliteSchema.ConnectionString(SqliteFile) : await TestPostgres.InstalledAsync();
        if (backend == Backend.Sqlite)
        {
            SqliteSchema.Install(SqliteFile, NullLogger.Instance);
        }

        string invariant = backend == Backend.Sqlite ? "System.Data.SQLite" : "Npgsql";
        (int silo, int gateway) = FreePorts.Two();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(s => s.UseLocalhostClustering(silo, gateway)
            .AddAdoNetGrainStorage("clears", o => (o.Invariant, o.ConnectionString) = (invariant, connection))
            .AddAdoNetGrainStorage("deletes", o => (o.Invariant, o.ConnectionString, o.DeleteStateOnClear) = (invariant, connection, true)));
        IHost host = builder.Build();
        await host.StartAsync();
        return _hosts[backend] = (host, connection);
    }
}
