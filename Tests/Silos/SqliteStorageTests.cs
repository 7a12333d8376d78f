using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>The query texts under the real storage provider.</summary>
public sealed class SqliteStorageTests : IAsyncLifetime
{
    private readonly RunFolder _folder = new();
    private IHost _host = null!;
    private IGrainStorage _storage = null!;

    private string Path => _folder.File("state.db");

    public async Task InitializeAsync()
    {
        SqliteSchema.Install(Path, NullLogger.Instance);
        (int silo, int gateway) = FreePorts.Two();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(s => s.UseLocalhostClustering(silo, gateway).AddAdoNetGrainStorage("ddm", o =>
        {
            o.Invariant = "System.Data.SQLite";
            o.ConnectionString = SqliteSchema.ConnectionString(Path);
        }));
        _host = builder.Build();
        await _host.StartAsync();
        _storage = _host.Services.GetRequiredKeyedService<IGrainStorage>("ddm");
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        SqliteSchema.Close(Path);
        _folder.Dispose();
    }

    [Theory]
    [InlineData("run/a")]
    [InlineData("run/'; DROP TABLE GrainState; --")]
    [InlineData("run/ä")]
    public async Task Write_reads_back(string key)
    {
        await WriteAsync(key, "one");
        Assert.Equal(("one", "1"), await ReadAsync(key));
        GrainState<Payload> state = await LoadAsync(key);
        state.State!.Text = "two";
        await _storage.WriteStateAsync("s", Id(key), state);
        Assert.Equal(("two", "2"), await ReadAsync(key));
    }

    [Fact]
    public async Task Keys_and_state_names_do_not_mix()
    {
        await WriteAsync("run/a", "a");
        await WriteAsync("run/b", "b");
        var other = new GrainState<Payload> { State = new Payload { Text = "other" } };
        await _storage.WriteStateAsync("other", Id("run/a"), other);
        Assert.Equal("a", (await ReadAsync("run/a")).Text);
        Assert.Equal("b", (await ReadAsync("run/b")).Text);
        Assert.Null((await ReadAsync("run/c")).Etag);
    }

    [Fact]
    public async Task Stale_write_and_stale_clear_are_refused()
    {
        await WriteAsync("run/a", "one");
        GrainState<Payload> mine = await LoadAsync("run/a");
        GrainState<Payload> stale = await LoadAsync("run/a");
        mine.State!.Text = "two";
        await _storage.WriteStateAsync("s", Id("run/a"), mine);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("s", Id("run/a"), stale));
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync("s", Id("run/a"), stale));
        Assert.Equal(("two", "2"), await ReadAsync("run/a"));
    }

    [Fact]
    public async Task First_write_over_an_existing_row_is_refused()
    {
        await WriteAsync("run/a", "one");
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync("run/a", "two"));
        Assert.Equal(("one", "1"), await ReadAsync("run/a"));
    }

    [Fact]
    public async Task Cleared_row_reads_as_absent_and_can_be_written_again()
    {
        await WriteAsync("run/a", "one");
        GrainState<Payload> state = await LoadAsync("run/a");
        await _storage.ClearStateAsync("s", Id("run/a"), state);
        GrainState<Payload> cleared = await LoadAsync("run/a");
        Assert.False(cleared.RecordExists);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync("run/a", "from nothing"));
        cleared.State = new Payload { Text = "again" };
        await _storage.WriteStateAsync("s", Id("run/a"), cleared);
        Assert.Equal(("again", "3"), await ReadAsync("run/a"));
    }

    [Fact]
    public async Task Forty_first_writes_have_one_winner()
    {
        bool[] won = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            try
            {
                await WriteAsync("run/a", i.ToString(System.Globalization.CultureInfo.InvariantCulture));
                return true;
            }
            catch (InconsistentStateException)
            {
                return false;
            }
        })));
        Assert.Single(won, w => w);
        Assert.Equal(Array.IndexOf(won, true).ToString(System.Globalization.CultureInfo.InvariantCulture), (await ReadAsync("run/a")).Text);
    }

    [Fact]
    public void Null_and_empty_extension_are_different_keys_and_each_is_unique()
    {
        Assert.Equal(1L, Write(extension: null, version: null));
        Assert.Equal(1L, Write(extension: string.Empty, version: null));
        Assert.Null(Write(extension: null, version: null));
        Assert.Null(Write(extension: string.Empty, version: null));
        Assert.Equal(2L, Write(extension: null, version: 1));
        Assert.Null(Write(extension: null, version: 1));
        Assert.Equal(2L, Write(extension: string.Empty, version: 1));
    }

    private static GrainId Id(string key) => GrainId.Create("test", key);

    private Task WriteAsync(string key, string text) =>
        _storage.WriteStateAsync("s", Id(key), new GrainState<Payload> { State = new Payload { Text = text } });

    private async Task<GrainState<Payload>> LoadAsync(string key)
    {
        var state = new GrainState<Payload> { State = new Payload() };
        await _storage.ReadStateAsync("s", Id(key), state);
        return state;
    }

    private async Task<(string? Text, string? Etag)> ReadAsync(string key)
    {
        GrainState<Payload> state = await LoadAsync(key);
        return (state.State?.Text, state.ETag);
    }

    private object? Write(string? extension, int? version)
    {
        using var connection = new SqliteConnection(SqliteSchema.ConnectionString(Path));
        connection.Open();
        using SqliteCommand text = connection.CreateCommand();
        text.CommandText = "SELECT QueryText FROM OrleansQuery WHERE QueryKey = 'WriteToStorageKey'";
        using SqliteCommand write = connection.CreateCommand();
        write.CommandText = (string)text.ExecuteScalar()!;
        (string Name, object? Value)[] parameters = [
            ("GrainIdHash", 1), ("GrainIdN0", 0L), ("GrainIdN1", 0L), ("GrainTypeHash", 2), ("GrainTypeString", "s"),
            ("GrainIdExtensionString", extension), ("ServiceId", "x"), ("GrainStateVersion", version), ("PayloadBinary", new byte[1])];
        foreach ((string name, object? value) in parameters)
        {
            write.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        var results = new List<object?>();
        using SqliteDataReader reader = write.ExecuteReader();
        do
        {
            while (reader.Read())
            {
                results.Add(reader.GetValue(0));
            }
        }
        while (reader.NextResult());
        return results.SingleOrDefault();
    }
}

/// <summary>A state of a test.</summary>
[GenerateSerializer]
public sealed class Payload
{
    [Id(0)]
    public string? Text { get; set; }
}
