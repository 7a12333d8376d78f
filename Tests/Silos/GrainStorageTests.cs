using System.Data.Common;
using System.Globalization;

using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>The query texts under the real storage provider, the same on each database. Every test has keys of its own.</summary>
public sealed class GrainStorageTests(StorageHosts hosts) : IClassFixture<StorageHosts>
{
    private readonly string _own = Guid.NewGuid().ToString();
    private IGrainStorage _storage = null!;

    [Theory]
    [OnSqlite("run/a"), OnPostgres("run/a")]
    [OnSqlite("run/'; DROP TABLE GrainState; --"), OnPostgres("run/'; DROP TABLE GrainState; --")]
    [OnSqlite("run/ä"), OnPostgres("run/ä")]
    public async Task Write_reads_back(Backend backend, string name)
    {
        await UseAsync(backend);
        GrainId id = Id(name);
        await WriteAsync(id, "one");
        GrainState<Payload> state = await LoadAsync(id);
        Assert.Equal("one", state.State!.Text);
        string next = Next(state.ETag);
        state.State.Text = "two";
        await _storage.WriteStateAsync("s", id, state);
        Assert.Equal(("two", next), await ReadAsync(id));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Keys_and_state_names_do_not_mix(Backend backend)
    {
        await UseAsync(backend);
        GrainId a = Id("run/a");
        var guid = Guid.NewGuid();
        long number = Random.Shared.NextInt64();
        GrainId[] ids =
        [
            a, Id("run/b"), GrainId.Create("test", GrainIdKeyExtensions.CreateIntegerKey(number).ToString()!),
            GrainId.Create("test", GrainIdKeyExtensions.CreateIntegerKey(number, "x").ToString()!), GrainId.Create("test", GrainIdKeyExtensions.CreateIntegerKey(number, "y").ToString()!),
            GrainId.Create("test", GrainIdKeyExtensions.CreateGuidKey(guid).ToString()!), GrainId.Create("test", GrainIdKeyExtensions.CreateGuidKey(guid, "x").ToString()!),
            GrainId.Create("test", GrainIdKeyExtensions.CreateIntegerKey(-1 - number).ToString()!),
        ];
        foreach (GrainId id in ids)
        {
            await WriteAsync(id, id.ToString());
        }

        await _storage.WriteStateAsync("other", a, new GrainState<Payload> { State = new Payload { Text = "other" } });
        foreach (GrainId id in ids)
        {
            Assert.Equal(id.ToString(), (await ReadAsync(id)).Text);
        }

        Assert.Null((await ReadAsync(Id("run/c"))).Etag);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Stale_write_and_stale_clear_are_refused(Backend backend)
    {
        await UseAsync(backend);
        GrainId id = Id("run/a");
        await WriteAsync(id, "one");
        GrainState<Payload> mine = await LoadAsync(id);
        GrainState<Payload> stale = await LoadAsync(id);
        mine.State!.Text = "two";
        await _storage.WriteStateAsync("s", id, mine);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("s", id, stale));
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync("s", id, stale));
        Assert.Equal(("two", mine.ETag), await ReadAsync(id));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task First_write_over_an_existing_row_is_refused(Backend backend)
    {
        await UseAsync(backend);
        GrainId id = Id("run/a");
        await WriteAsync(id, "one");
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(id, "two"));
        Assert.Equal("one", (await ReadAsync(id)).Text);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Cleared_row_reads_as_absent_and_can_be_cleared_and_written_again(Backend backend)
    {
        await UseAsync(backend);
        GrainId id = Id("run/a");
        await WriteAsync(id, "one");
        GrainState<Payload> written = await LoadAsync(id);
        string next = Next(written.ETag);
        await _storage.ClearStateAsync("s", id, written);
        GrainState<Payload> cleared = await LoadAsync(id);
        Assert.False(cleared.RecordExists);
        Assert.Equal(next, cleared.ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(id, "from nothing"));
        await _storage.ClearStateAsync("s", id, cleared);
        GrainState<Payload> again = await LoadAsync(id);
        again.State = new Payload { Text = "again" };
        await _storage.WriteStateAsync("s", id, again);
        GrainState<Payload> last = await LoadAsync(id);
        Assert.True(last.RecordExists);
        Assert.Equal("again", last.State!.Text);
        Assert.Equal(int.Parse(again.ETag!, CultureInfo.InvariantCulture), int.Parse(last.ETag!, CultureInfo.InvariantCulture));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Deleted_row_is_gone_and_a_stale_delete_is_refused(Backend backend)
    {
        await UseAsync(backend, deletes: true);
        GrainId id = Id("run/a");
        await WriteAsync(id, "one");
        GrainState<Payload> stale = await LoadAsync(id);
        GrainState<Payload> mine = await LoadAsync(id);
        await _storage.WriteStateAsync("s", id, mine);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync("s", id, stale));
        await _storage.ClearStateAsync("s", id, mine);
        Assert.Equal(0L, await CountAsync(backend, id));
        Assert.Null((await LoadAsync(id)).ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("s", id, stale));
        await WriteAsync(id, "anew");
        Assert.Equal("anew", (await ReadAsync(id)).Text);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Writer_of_a_deleted_row_does_not_get_at_the_row_that_comes_after(Backend backend)
    {
        await UseAsync(backend, deletes: true);
        GrainId id = Id("run/a");
        await WriteAsync(id, "one");
        GrainState<Payload> stale = await LoadAsync(id);
        await _storage.ClearStateAsync("s", id, await LoadAsync(id));
        await WriteAsync(id, "anew");

        // Over all versions that a row has which is written as often as the old one was, and some more.
        for (int i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync("s", id, stale));
            await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync("s", id, stale));
            GrainState<Payload> mine = await LoadAsync(id);
            Assert.Equal("anew", mine.State!.Text);
            await _storage.WriteStateAsync("s", id, mine);
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task First_versions_are_spread_over_a_billion_and_leave_room_for_as_many_writes(Backend backend)
    {
        await UseAsync(backend);
        var firsts = new List<int>();
        for (int i = 0; i < 40; i++)
        {
            firsts.Add((await WriteAsync(backend, Text(i), version: null))!.Value);
        }

        Assert.All(firsts, f => Assert.InRange(f, 1, 1_000_000_002));
        Assert.Equal(40, firsts.Distinct().Count());
        Assert.True(firsts.Max() - firsts.Min() > 100_000_000);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Forty_first_writes_and_forty_updates_have_one_winner(Backend backend)
    {
        await UseAsync(backend);
        GrainId id = Id("run/a");
        int first = await RaceAsync(i => WriteAsync(id, Text(i)));
        (string? text, string? etag) = await ReadAsync(id);
        Assert.Equal(Text(first), text);
        GrainState<Payload>[] states = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => LoadAsync(id)));
        int second = await RaceAsync(i =>
        {
            states[i].State!.Text = Text(100 + i);
            return _storage.WriteStateAsync("s", id, states[i]);
        });
        Assert.Equal((Text(100 + second), Next(etag)), await ReadAsync(id));
        Assert.Equal(1L, await CountAsync(backend, id));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Null_and_empty_extension_are_different_keys_and_each_is_unique(Backend backend)
    {
        await UseAsync(backend);
        int? first = await WriteAsync(backend, extension: null, version: null);
        int? second = await WriteAsync(backend, extension: string.Empty, version: null);
        Assert.NotEqual(first, second);
        Assert.Null(await WriteAsync(backend, extension: null, version: null));
        Assert.Null(await WriteAsync(backend, extension: string.Empty, version: null));
        Assert.Equal(first + 1, await WriteAsync(backend, extension: null, version: first));
        Assert.Null(await WriteAsync(backend, extension: null, version: first));
        Assert.Equal(second + 1, await WriteAsync(backend, extension: string.Empty, version: second));
    }

    private static string Next(string? etag) => Text(int.Parse(etag!, CultureInfo.InvariantCulture) + 1);

    private static string Text(int i) => i.ToString(CultureInfo.InvariantCulture);

    /// <summary>Forty at once: one succeeds, the others are told. Returns which.</summary>
    private static async Task<int> RaceAsync(Func<int, Task> write)
    {
        bool[] won = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            try
            {
                await write(i);
                return true;
            }
            catch (InconsistentStateException)
            {
                return false;
            }
        })));
        Assert.Single(won, w => w);
        return Array.IndexOf(won, true);
    }

    private async Task UseAsync(Backend backend, bool deletes = false) => _storage = await hosts.StorageAsync(backend, deletes);

    private GrainId Id(string key) => GrainId.Create("test", key + "/" + _own);

    private Task WriteAsync(GrainId id, string text) =>
        _storage.WriteStateAsync("s", id, new GrainState<Payload> { State = new Payload { Text = text } });

    private async Task<GrainState<Payload>> LoadAsync(GrainId id)
    {
        var state = new GrainState<Payload> { State = new Payload() };
        await _storage.ReadStateAsync("s", id, state);
        return state;
    }

    private async Task<(string? Text, string? Etag)> ReadAsync(GrainId id)
    {
        GrainState<Payload> state = await LoadAsync(id);
        return (state.State?.Text, state.ETag);
    }

    private async Task<long> CountAsync(Backend backend, GrainId id)
    {
        await using DbConnection connection = await hosts.OpenAsync(backend);
        await using DbCommand count = Command(connection, "SELECT count(*) FROM GrainState WHERE GrainIdExtensionString = @key", ("key", id.Key.ToString()));
        return Convert.ToInt64(await count.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private async Task<int?> WriteAsync(Backend backend, string? extension, int? version)
    {
        await using DbConnection connection = await hosts.OpenAsync(backend);
        await using DbCommand text = Command(connection, "SELECT QueryText FROM OrleansQuery WHERE QueryKey = 'WriteToStorageKey'");
        await using DbCommand write = Command(
            connection,
            (string)(await text.ExecuteScalarAsync())!,
            ("GrainIdHash", 1),
            ("GrainIdN0", 0L),
            ("GrainIdN1", 0L),
            ("GrainTypeHash", 2),
            ("GrainTypeString", _own),
            ("GrainIdExtensionString", extension),
            ("ServiceId", "x"),
            ("GrainStateVersion", version),
            ("PayloadBinary", new byte[1]));
        write.Parameters["GrainIdExtensionString"].DbType = System.Data.DbType.String;
        write.Parameters["GrainStateVersion"].DbType = System.Data.DbType.Int32;
        var results = new List<int>();
        await using DbDataReader reader = await write.ExecuteReaderAsync();
        do
        {
            while (await reader.ReadAsync())
            {
                results.Add(Convert.ToInt32(reader.GetValue(0), CultureInfo.InvariantCulture));
            }
        }
        while (await reader.NextResultAsync());
        return results.Count == 0 ? null : Assert.Single(results);
    }

    private static DbCommand Command(DbConnection connection, string text, params (string Name, object? Value)[] parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        foreach ((string name, object? value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}

/// <summary>A state of a test.</summary>
[GenerateSerializer]
public sealed class Payload
{
    [Id(0)]
    public string? Text { get; set; }
}
