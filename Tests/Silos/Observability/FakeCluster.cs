using System.Collections.Immutable;
using System.Net;

using Orleans.Runtime;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>A membership that a test writes.</summary>
internal sealed class FakeCluster : IClusterMembershipService, ILocalSiloDetails
{
    private ImmutableDictionary<SiloAddress, ClusterMember> _members = ImmutableDictionary<SiloAddress, ClusterMember>.Empty;
    private long _version;

    public ClusterMembershipSnapshot CurrentSnapshot => new(_members, new MembershipVersion(_version));

    public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => throw new NotSupportedException();

    public string Name => "a";

    public string ClusterId => "test";

    public string DnsHostName => "localhost";

    public SiloAddress SiloAddress { get; } = AddressOf(0);

    public SiloAddress GatewayAddress => SiloAddress;

    /// <summary>Silo i is called a, b, ... and has this status; the first one is the local one.</summary>
    public FakeCluster Set(params SiloStatus[] statuses)
    {
        _version++;
        _members = statuses.Select((status, i) => new ClusterMember(AddressOf(i), status, ((char)('a' + i)).ToString())).ToImmutableDictionary(m => m.SiloAddress);
        return this;
    }

    /// <summary>Adds one life of an active silo.</summary>
    public FakeCluster Add(string name, int port, int generation)
    {
        var address = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), generation);
        _version++;
        _members = _members.Add(address, new ClusterMember(address, SiloStatus.Active, name));
        return this;
    }

    public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) => default;

    public Task<bool> TryKill(SiloAddress siloAddress) => Task.FromResult(false);

    private static SiloAddress AddressOf(int i) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 11111 + i), 1);
}
