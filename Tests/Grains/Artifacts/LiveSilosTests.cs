using Orleans.Runtime;

using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Tests.Silos.Observability;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

public sealed class LiveSilosTests
{
    [Fact]
    public async Task All_are_active_only_when_this_silo_knows_of_each_of_them()
    {
        var cluster = new FakeCluster();
        cluster.Set(SiloStatus.Active, SiloStatus.Active, SiloStatus.ShuttingDown);
        SiloAddress[] silos = [.. cluster.CurrentSnapshot.Members.Values.OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => m.SiloAddress)];
        var table = new Table();
        var live = new LiveSilos(cluster, table, cluster);
        Assert.Equal([silos[2]], live.Leaving);
        Assert.DoesNotContain(silos[2], live.Others);

        table.Rows = [Row("a", silos[0], SiloStatus.Active), Row("b", silos[1], SiloStatus.Active)];
        Assert.True(await live.AreAllActiveAsync(default));
        table.Rows = [.. table.Rows, Row("c", silos[2], SiloStatus.Dead)];
        Assert.False(await live.AreAllActiveAsync(default));

        // Started again, which the table tells before anybody asks the silo.
        SiloAddress again = SiloAddress.New(silos[2].Endpoint, silos[2].Generation + 1);
        table.Rows = [.. table.Rows, Row("c", again, SiloStatus.Active)];
        Assert.False(await live.AreAllActiveAsync(default));
        cluster.Add("c", again.Endpoint.Port, again.Generation);
        Assert.True(await live.AreAllActiveAsync(default));
    }

    private static MembershipEntry Row(string name, SiloAddress silo, SiloStatus status) => new() { SiloName = name, SiloAddress = silo, Status = status };

    private sealed class Table : IMembershipTable
    {
        public MembershipEntry[] Rows { get; set; } = [];

        public Task<MembershipTableData> ReadAll() => Task.FromResult(new MembershipTableData([.. Rows.Select(r => Tuple.Create(r, "1"))], new TableVersion(1, "1")));

        public Task InitializeMembershipTable(bool tryInitTableVersion) => throw new NotSupportedException();

        public Task DeleteMembershipTableEntries(string clusterId) => throw new NotSupportedException();

        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => throw new NotSupportedException();

        public Task<MembershipTableData> ReadRow(SiloAddress key) => throw new NotSupportedException();

        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => throw new NotSupportedException();

        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => throw new NotSupportedException();

        public Task UpdateIAmAlive(MembershipEntry entry) => throw new NotSupportedException();
    }
}
