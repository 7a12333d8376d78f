using Orleans.Runtime;

using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Tests.Silos.Observability;

using Xunit;

namespace OrleansDDM.Tests.Grains.Devices;

public sealed class SiloDirectoryTests
{
    private readonly FakeCluster _cluster = new FakeCluster().Set(SiloStatus.Active, SiloStatus.Dead);

    [Fact]
    public void Silo_that_came_back_under_its_name_is_there_once_with_its_newest_life()
    {
        // In either order, and at the same and another port.
        _cluster.Add("c", 3000, 1).Add("c", 3000, 2).Add("d", 4000, 7).Add("d", 4001, 6);
        var directory = new SiloDirectory(_cluster, _cluster, null!);
        IReadOnlyList<ActiveSilo> active = directory.Active();
        Assert.Equal(["a", "c", "d"], active.Select(s => s.Name));
        Assert.Equal([(3000, 2), (4000, 7)], active.Skip(1).Select(s => (s.Address.Endpoint.Port, s.Address.Generation)));

        var hosts = new PeerHosts(_cluster, _cluster);
        Assert.Equal(["a", "c", "d"], hosts.Up());
        Assert.All(active, s => Assert.Equal(s.Address, hosts.Find(s.Name)));
        Assert.Null(hosts.Find("b"));
    }

    [Fact]
    public void This_silo_stands_for_its_own_name()
    {
        _cluster.Add("a", 5000, 9);
        ActiveSilo own = Assert.Single(new SiloDirectory(_cluster, _cluster, null!).Active());
        Assert.Equal(_cluster.SiloAddress, own.Address);
        Assert.Equal(_cluster.SiloAddress, new PeerHosts(_cluster, _cluster).Find("a"));
    }
}
