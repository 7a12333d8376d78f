using System.Net;

using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Runtime;

using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Placement;

using Xunit;

namespace OrleansDDM.Tests.Grains.Devices;

public sealed class ClusterGrainTests
{
    [Fact]
    public async Task Silo_that_does_not_answer_is_left_out_when_work_is_evened_out()
    {
        var directory = new Directory();
        IClusterGrain grain = new ClusterGrain(directory, new DeviceFeed(directory, TimeProvider.System), NullLogger<ClusterGrain>.Instance);
        Assert.Empty(await grain.RebalanceAsync());
        Assert.Equal(["a", "b"], directory.Asked);
    }

    private sealed class Directory() : SiloDirectory(null!, null!, null!)
    {
        public List<string> Asked { get; } = [];

        public override IReadOnlyList<ActiveSilo> Active() =>
            [.. new[] { "a", "b" }.Select((name, i) => new ActiveSilo(name, SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1 + i), 1)))];

        public override IDeviceHost Host(ActiveSilo silo)
        {
            Asked.Add(silo.Name);
            return new FakeHost(silo.Name);
        }
    }

    private sealed class FakeHost(string name) : IDeviceHost
    {
        public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default) => name == "a"
            ? Task.FromException<DeviceStatus>(new SiloUnavailableException("It is gone."))
            : Task.FromResult(new DeviceStatus(name, [new SlotStatus(0, 0, [], 0)]));

        public Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<DataSummary> PrepareAsync(string spec, string fingerprint, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task DrainAsync(CancellationToken cancellation = default) => throw new NotSupportedException();
    }
}
