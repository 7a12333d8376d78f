using System.Net;
using System.Net.Sockets;

using OrleansDDM.Silos.Cluster;

using Xunit;

namespace OrleansDDM.Tests.Silos.Cluster;

public sealed class CrashWatchTests
{
    [Fact]
    public async Task Only_a_port_at_which_nobody_listens_proves_a_crash()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endpoint = (IPEndPoint)listener.LocalEndpoint;
        Assert.False(await CrashWatch.IsRefusedAsync(endpoint, () => true));
        listener.Stop();
        Assert.True(await CrashWatch.IsRefusedAsync(endpoint, () => true));
    }

    [Fact]
    public async Task A_silo_that_is_known_to_be_gone_meanwhile_is_left_alone()
    {
        int looks = 0;
        Assert.False(await CrashWatch.IsRefusedAsync(new IPEndPoint(IPAddress.Loopback, 1), () => ++looks < 3));
        Assert.False(await CrashWatch.IsRefusedAsync(new IPEndPoint(IPAddress.Loopback, 1), () => false));
    }

    [Fact]
    public async Task A_silo_that_comes_back_while_its_port_is_asked_is_not_declared_dead()
    {
        var first = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        var endpoint = (IPEndPoint)first.LocalEndpoint;
        first.Stop();
        using var listener = new TcpListener(endpoint);
        int looks = 0;
        Assert.False(await CrashWatch.IsRefusedAsync(endpoint, () =>
        {
            if (++looks == 2)
            {
                listener.Start();
            }

            return true;
        }));
    }
}
