using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Runtime;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Tests.House;

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

    [Fact]
    public async Task The_end_of_a_silos_connection_is_noticed_whichever_side_opened_it()
    {
        var membership = new Membership();
        var clock = new ManualClock();
        CrashWatch watch = Watch(membership, clock);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        membership.Add(Silo((IPEndPoint)listener.LocalEndpoint));
        SiloAddress gone = membership.Add(Silo(new IPEndPoint(IPAddress.Loopback, 1)));

        await watch.Outbound(_ => Task.CompletedTask)(new DefaultConnectionContext { RemoteEndPoint = gone.Endpoint });
        Assert.Equal(gone, await membership.KilledAsync());

        Task ended = watch.Inbound(EndAsync)(new DefaultConnectionContext { RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 2) });
        await Assert.ThrowsAsync<ConnectionResetException>(() => ended);
        Assert.Equal(gone, await membership.KilledAsync());
        Assert.False(membership.Killed.TryRead(out _));

        Task EndAsync(ConnectionContext connection)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            return Task.FromException(new ConnectionResetException("gone"));
        }
    }

    [Fact]
    public async Task A_silo_whose_port_still_accepts_while_its_process_ends_is_looked_at_again()
    {
        var membership = new Membership();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        SiloAddress ending = membership.Add(Silo((IPEndPoint)listener.LocalEndpoint));
        await Watch(membership, TimeProvider.System).Outbound(_ => Task.CompletedTask)(new DefaultConnectionContext { RemoteEndPoint = ending.Endpoint });
        (await listener.AcceptTcpClientAsync()).Dispose();
        listener.Stop();
        Assert.Equal(ending, await membership.KilledAsync());
    }

    [Fact]
    public async Task Who_only_knocks_makes_no_silo_ask_all_the_others()
    {
        var membership = new Membership();
        await Watch(membership, new ManualClock()).Inbound(_ => Task.CompletedTask)(new DefaultConnectionContext());
        Assert.Equal(0, membership.Looks);
    }

    private static SiloAddress Silo(IPEndPoint endpoint) => SiloAddress.New(endpoint, 1);

    private static CrashWatch Watch(Membership membership, TimeProvider clock) => new(
        new ServiceCollection().AddSingleton<IClusterMembershipService>(membership).AddSingleton<ILocalSiloDetails>(membership).BuildServiceProvider(),
        clock,
        NullLogger<CrashWatch>.Instance);

    private sealed class Membership : IClusterMembershipService, ILocalSiloDetails
    {
        private readonly Channel<SiloAddress> _killed = Channel.CreateUnbounded<SiloAddress>();
        private ImmutableDictionary<SiloAddress, ClusterMember> _members = ImmutableDictionary<SiloAddress, ClusterMember>.Empty;

        public int Looks { get; private set; }

        public ChannelReader<SiloAddress> Killed => _killed.Reader;

        public ClusterMembershipSnapshot CurrentSnapshot
        {
            get
            {
                Looks++;
                return new ClusterMembershipSnapshot(_members, new MembershipVersion(1));
            }
        }

        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

        public SiloAddress SiloAddress { get; } = Silo(new IPEndPoint(IPAddress.Loopback, 3));

        public SiloAddress GatewayAddress => throw new NotSupportedException();

        public string Name => "self";

        public string ClusterId => "cluster";

        public string DnsHostName => "localhost";

        public SiloAddress Add(SiloAddress silo)
        {
            _members = _members.Add(silo, new ClusterMember(silo, SiloStatus.Active, silo.ToString()));
            return silo;
        }

        public async Task<SiloAddress> KilledAsync()
        {
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            return await _killed.Reader.ReadAsync(late.Token);
        }

        public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public Task<bool> TryKill(SiloAddress siloAddress) => Task.FromResult(_killed.Writer.TryWrite(siloAddress));
    }
}
