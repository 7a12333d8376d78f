using System.Globalization;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>The query texts under the real reminder provider, in a session whose time zone is far from UTC.</summary>
public sealed class ReminderTableTests : IAsyncLifetime
{
    private static readonly DateTime Start = new(2026, 3, 1, 12, 0, 0, 123, DateTimeKind.Utc);
    private static readonly Lazy<Task<string>> Database = new(TestPostgres.InstalledAsync);

    private readonly string _service = Guid.NewGuid().ToString();
    private IHost _host = null!;
    private IReminderTable _table = null!;

    public async Task InitializeAsync()
    {
        if (TestPostgres.Absent is null)
        {
            string connection = await Database.Value + ";Timezone=Asia/Tokyo";
            HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
            builder.UseOrleans(silo => silo
                .UseLocalhostClustering()
                .Configure<ClusterOptions>(o => o.ServiceId = _service)
                .UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Npgsql", connection)));
            _host = builder.Build();
            _table = _host.Services.GetRequiredService<IReminderTable>();
            await _table.StartAsync(CancellationToken.None);
        }
    }

    public Task DisposeAsync()
    {
        _host?.Dispose();
        return Task.CompletedTask;
    }

    [PostgresFact]
    public async Task Upsert_reads_back_and_changes_the_tag_every_time()
    {
        ReminderEntry entry = Entry("a", "tick", TimeSpan.FromDays(30));
        string? first = await _table.UpsertRow(entry);
        string? second = await _table.UpsertRow(entry);
        Assert.NotEqual(first, second);
        ReminderEntry? read = await _table.ReadRow(entry.GrainId, "tick");
        Assert.NotNull(read);
        Assert.Equal((entry.GrainId, "tick", Start, TimeSpan.FromDays(30), second), (read.GrainId, read.ReminderName, read.StartAt, read.Period, read.ETag));
        await _table.UpsertRow(Entry("a", "tick", TimeSpan.FromMinutes(1)));
        Assert.Equal(TimeSpan.FromMinutes(1), (await _table.ReadRow(entry.GrainId, "tick"))!.Period);
        Assert.Null(await _table.ReadRow(entry.GrainId, "tock"));
    }

    [PostgresFact]
    public async Task Reminders_of_a_grain_are_its_own()
    {
        await _table.UpsertRow(Entry("a", "tick"));
        await _table.UpsertRow(Entry("a", "tock"));
        await _table.UpsertRow(Entry("b", "tick"));
        Assert.Equal(["tick", "tock"], (await _table.ReadRows(Id("a"))).Reminders.Select(r => r.ReminderName).Order());
    }

    [PostgresFact]
    public async Task Delete_wants_the_newest_tag()
    {
        ReminderEntry entry = Entry("a", "tick");
        string stale = (await _table.UpsertRow(entry))!;
        string tag = (await _table.UpsertRow(entry))!;
        Assert.False(await _table.RemoveRow(entry.GrainId, "tick", stale));
        Assert.NotNull(await _table.ReadRow(entry.GrainId, "tick"));
        Assert.True(await _table.RemoveRow(entry.GrainId, "tick", tag));
        Assert.Null(await _table.ReadRow(entry.GrainId, "tick"));
        Assert.False(await _table.RemoveRow(entry.GrainId, "tick", tag));
    }

    [PostgresFact]
    public async Task Ranges_hold_the_hashes_after_their_begin_up_to_their_end_also_across_zero()
    {
        GrainId[] grains = [.. Enumerable.Range(0, 40).Select(i => Id("grain-" + i.ToString(CultureInfo.InvariantCulture)))];
        foreach (GrainId grain in grains)
        {
            await _table.UpsertRow(new ReminderEntry { GrainId = grain, ReminderName = "tick", StartAt = Start, Period = TimeSpan.FromMinutes(1) });
        }

        uint[] hashes = [.. grains.Select(g => g.GetUniformHashCode()).Order()];
        Assert.True(hashes[0] < int.MaxValue && hashes[^1] > int.MaxValue, "the hashes lie on one side only");
        (uint Begin, uint End)[] ranges =
        [
            (0, uint.MaxValue), (hashes[3], hashes[20]), (hashes[3], hashes[^3]), (hashes[^3], hashes[3]), (hashes[20], hashes[3]),
            (hashes[^5], hashes[^2]), (0x7fffffff, 0x80000000), (0x80000000, 0x7fffffff), (uint.MaxValue, 0), (hashes[7], hashes[7]), (0, 0),
        ];
        foreach ((uint begin, uint end) in ranges)
        {
            IEnumerable<uint> expected = hashes.Where(h => begin < end ? h > begin && h <= end : begin == end || h > begin || h <= end);
            IEnumerable<uint> actual = (await _table.ReadRows(begin, end)).Reminders.Select(r => r.GrainId.GetUniformHashCode()).Order();
            Assert.Equal(expected, actual);
        }

        await _table.TestOnlyClearTable();
        Assert.Empty((await _table.ReadRows(0, 0)).Reminders);
    }

    private static GrainId Id(string key) => GrainId.Create("test", key);

    private static ReminderEntry Entry(string key, string name, TimeSpan? period = null) =>
        new() { GrainId = Id(key), ReminderName = name, StartAt = Start, Period = period ?? TimeSpan.FromMinutes(1) };
}
