using System.Globalization;
using System.Net;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

using Npgsql;

using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>The query texts under the real clustering provider, in a session whose time zone is far from UTC.</summary>
public sealed class MembershipTableTests : IAsyncLifetime
{
    private static readonly DateTime Now = new(2026, 3, 1, 12, 0, 0, 123, DateTimeKind.Utc);
    private static readonly Lazy<Task<string>> Database = new(TestPostgres.InstalledAsync);

    private readonly string _cluster = Guid.NewGuid().ToString();
    private IHost _host = null!;
    private IMembershipTable _table = null!;
    private string _connection = string.Empty;

    public async Task InitializeAsync()
    {
        if (TestPostgres.Absent is null)
        {
            _connection = await Database.Value + ";Timezone=Asia/Tokyo";
            _host = NewHost();
            _table = _host.Services.GetRequiredService<IMembershipTable>();
            await _table.InitializeMembershipTableAsync(tryInitTableVersion: true);
        }
    }

    public Task DisposeAsync()
    {
        _host?.Dispose();
        return Task.CompletedTask;
    }

    [PostgresFact]
    public async Task New_cluster_has_version_0_and_no_members_however_many_silos_make_it()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _table.InitializeMembershipTableAsync(tryInitTableVersion: true)));
        MembershipTableData all = await _table.ReadAllAsync();
        Assert.Empty(all.Members);
        Assert.Equal(0, all.Version.Version);
        Assert.Empty((await _table.ReadRowAsync(Entry(1).SiloAddress)).Members);
    }

    [PostgresFact]
    public async Task Inserted_member_reads_back_whole()
    {
        MembershipEntry entry = Entry(1);
        entry.AddSuspector(Entry(2).SiloAddress, Now);
        Assert.True(await InsertAsync(entry));
        Assert.True(await InsertAsync(Entry(2)));
        MembershipTableData one = await _table.ReadRowAsync(entry.SiloAddress);
        Assert.Equal(2, one.Version.Version);
        MembershipEntry read = Assert.Single(one.Members).Item1;
        Assert.Equal(
            (entry.SiloAddress, entry.SiloName, entry.HostName, entry.Status, entry.ProxyPort, entry.StartTime, entry.IAmAliveTime),
            (read.SiloAddress, read.SiloName, read.HostName, read.Status, read.ProxyPort, read.StartTime, read.IAmAliveTime));
        Assert.Equal(2, (await _table.ReadAllAsync()).Members.Count);
    }

    [PostgresFact]
    public async Task Refused_writes_change_nothing()
    {
        TableVersion empty = (await _table.ReadAllAsync()).Version;
        Assert.True(await InsertAsync(Entry(1)));
        Assert.False(await _table.InsertRowAsync(Entry(2), empty.Next()));
        Assert.False(await InsertAsync(Entry(1)));
        MembershipTableData before = await _table.ReadAllAsync();
        Assert.False(await _table.UpdateRowAsync(Entry(3), before.Version.VersionEtag, before.Version.Next()));
        MembershipEntry late = Entry(1, SiloStatus.Dead);
        Assert.False(await _table.UpdateRowAsync(late, empty.VersionEtag, empty.Next()));
        MembershipTableData after = await _table.ReadAllAsync();
        Assert.Equal(1, after.Version.Version);
        Assert.Equal(SiloStatus.Active, Assert.Single(after.Members).Item1.Status);
    }

    [PostgresFact]
    public async Task Update_changes_status_and_suspicions_and_keeps_the_later_heartbeat()
    {
        await InsertAsync(Entry(1));
        MembershipEntry entry = Entry(1, SiloStatus.Dead);
        entry.IAmAliveTime = Now.AddHours(-1);
        entry.AddSuspector(Entry(2).SiloAddress, Now);
        Assert.True(await UpdateAsync(entry));
        MembershipEntry read = Assert.Single((await _table.ReadAllAsync()).Members).Item1;
        Assert.Equal((SiloStatus.Dead, Now), (read.Status, read.IAmAliveTime));
        Assert.Equal(Tuple.Create(Entry(2).SiloAddress, Now), Assert.Single(read.SuspectTimes!));
        entry.SuspectTimes = null;
        entry.IAmAliveTime = Now.AddHours(1);
        Assert.True(await UpdateAsync(entry));
        read = Assert.Single((await _table.ReadAllAsync()).Members).Item1;
        Assert.Equal(Now.AddHours(1), read.IAmAliveTime);
        Assert.Empty(read.SuspectTimes ?? []);
    }

    [PostgresFact]
    public async Task Heartbeat_does_not_raise_the_version()
    {
        await InsertAsync(Entry(1));
        MembershipEntry entry = Entry(1);
        entry.IAmAliveTime = Now.AddMinutes(5);
        await _table.UpdateIAmAliveAsync(entry);
        MembershipTableData data = await _table.ReadAllAsync();
        Assert.Equal((1, Now.AddMinutes(5)), (data.Version.Version, Assert.Single(data.Members).Item1.IAmAliveTime));
    }

    [PostgresFact]
    public async Task Forty_inserts_and_forty_updates_on_one_version_have_one_winner()
    {
        TableVersion version = (await _table.ReadAllAsync()).Version;
        bool[] inserted = await Task.WhenAll(Enumerable.Range(1, 40).Select(i => Task.Run(() => _table.InsertRowAsync(Entry(i), version.Next()))));
        Assert.Single(inserted, w => w);
        MembershipTableData data = await _table.ReadAllAsync();
        Assert.Equal((1, 1), (data.Version.Version, data.Members.Count));
        MembershipEntry member = Assert.Single(data.Members).Item1;
        bool[] updated = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() =>
        {
            MembershipEntry mine = Entry(member.SiloAddress.Generation);
            mine.AddSuspector(Entry(100 + i).SiloAddress, Now);
            return _table.UpdateRowAsync(mine, data.Version.VersionEtag, data.Version.Next());
        })));
        int winner = Array.IndexOf(updated, true);
        Assert.Single(updated, w => w);
        data = await _table.ReadAllAsync();
        Assert.Equal(2, data.Version.Version);
        Assert.Equal(Entry(100 + winner).SiloAddress, Assert.Single(Assert.Single(data.Members).Item1.SuspectTimes!).Item1);
    }

    [PostgresFact]
    public async Task Cleanup_forgets_dead_silos_of_long_ago_only()
    {
        await InsertAsync(Entry(1, SiloStatus.Dead, Now.AddDays(-2)));
        await InsertAsync(Entry(2, SiloStatus.Dead));
        await InsertAsync(Entry(3, SiloStatus.Active, Now.AddDays(-2)));
        int version = (await _table.ReadAllAsync()).Version.Version;
        await _table.CleanupDefunctSiloEntriesAsync(Now.AddDays(-1));
        MembershipTableData data = await _table.ReadAllAsync();
        Assert.Equal(version, data.Version.Version);
        Assert.Equal([2, 3], data.Members.Select(m => m.Item1.SiloAddress.Generation).Order());
    }

    [PostgresFact]
    public async Task Bulk_cleanup_does_the_same_and_single_cleanup_wants_the_row_unchanged()
    {
        DateTime old = Now.AddDays(-2);
        await InsertAsync(Entry(1, SiloStatus.Dead, old));
        await InsertAsync(Entry(2, SiloStatus.Dead));
        await InsertAsync(Entry(3, SiloStatus.Active, old));
        await InsertAsync(Entry(4, SiloStatus.Dead, old));
        foreach ((int generation, DateTime seen) in new[] { (4, old.AddSeconds(1)), (3, old), (1, old) })
        {
            MembershipEntry entry = Entry(generation);
            await RunAsync(
                "CleanupDefunctSiloEntryKey",
                ("Address", "127.0.0.1"), ("Port", entry.SiloAddress.Endpoint.Port), ("Generation", generation), ("StartTime", old), ("IAmAliveTime", seen), ("SuspectTimes", string.Empty));
        }

        Assert.Equal([2, 3, 4], (await _table.ReadAllAsync()).Members.Select(m => m.Item1.SiloAddress.Generation).Order());
        await RunAsync("CleanupDefunctSiloEntriesKey", ("IAmAliveTime", Now.AddDays(-1)));
        Assert.Equal([2, 3], (await _table.ReadAllAsync()).Members.Select(m => m.Item1.SiloAddress.Generation).Order());
    }

    [PostgresFact]
    public async Task Deleting_a_cluster_leaves_the_others()
    {
        await InsertAsync(Entry(1));
        string mine = _cluster;
        await _table.DeleteMembershipTableEntriesAsync("another");
        Assert.Single((await _table.ReadAllAsync()).Members);
        await _table.DeleteMembershipTableEntriesAsync(mine);
        await _table.InitializeMembershipTableAsync(tryInitTableVersion: true);
        Assert.Equal(0, (await _table.ReadAllAsync()).Version.Version);
    }

    [PostgresFact]
    public async Task Stored_times_are_the_instants_that_were_meant()
    {
        await InsertAsync(Entry(1));
        Assert.Equal(
            "2026-03-01 12:00:00.123",
            await PostgresSchemaTests.ScalarAsync(_connection, $"SELECT (StartTime AT TIME ZONE 'UTC')::text FROM ClusterMember WHERE DeploymentId = '{_cluster}'"));
    }

    private static MembershipEntry Entry(int generation, SiloStatus status = SiloStatus.Active, DateTime? seen = null) => new()
    {
        SiloAddress = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 10000 + generation), generation),
        SiloName = "silo-" + generation.ToString(CultureInfo.InvariantCulture),
        HostName = "host",
        Status = status,
        ProxyPort = 30000,
        StartTime = seen ?? Now,
        IAmAliveTime = seen ?? Now,
    };

    private async Task<bool> InsertAsync(MembershipEntry entry) => await _table.InsertRowAsync(entry, (await _table.ReadAllAsync()).Version.Next());

    private async Task<bool> UpdateAsync(MembershipEntry entry)
    {
        TableVersion version = (await _table.ReadAllAsync()).Version;
        return await _table.UpdateRowAsync(entry, version.VersionEtag, version.Next());
    }

    private async Task RunAsync(string key, params (string Name, object Value)[] parameters)
    {
        await using NpgsqlConnection connection = new(_connection);
        await connection.OpenAsync();
        await using NpgsqlCommand text = new($"SELECT QueryText FROM OrleansQuery WHERE QueryKey = '{key}'", connection);
        await using NpgsqlCommand command = new((string)(await text.ExecuteScalarAsync())!, connection);
        command.Parameters.AddWithValue("DeploymentId", _cluster);
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        await command.ExecuteNonQueryAsync();
    }

    private IHost NewHost()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (_cluster, "test"))
            .UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", _connection)));
        return builder.Build();
    }
}
