using System.Net;

using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Placement;

using Xunit;

namespace OrleansDDM.Tests.Grains.Placement;

public sealed class DevicePlacementDirectorTests
{
    private const int Silos = 8;
    private const int Models = 64;

    [Fact]
    public async Task Models_that_wait_for_the_same_answers_do_not_all_go_where_there_was_room_for_one()
    {
        var answer = new TaskCompletionSource();
        var directory = new Directory(answer.Task);
        var director = new DevicePlacementDirector(new DeviceFeed(directory, TimeProvider.System), new DeviceFleet(directory, new NoMetadata()));
        var needs = new Dictionary<string, object>();
        DeviceNeeds.None.Hint();
        needs[RequestContext.Entries.Single().Key] = RequestContext.Entries.Single().Value;
        RequestContext.Clear();

        // Each with a scheduler of its own, as calls of grains have: so they go on side by side when the answers come.
        Task<SiloAddress>[] placing =
        [
            .. Enumerable.Range(0, Models).Select(i => Task.Factory.StartNew(
                () => director.OnAddActivation(
                    new DevicePlacement(), new PlacementTarget(GrainId.Create("expert", $"model/r/expert-{i}"), needs, default, 0), directory),
                CancellationToken.None,
                TaskCreationOptions.None,
                new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler).Unwrap()),
        ];
        answer.SetResult();

        Assert.Equal(Enumerable.Repeat(Models / Silos, Silos), (await Task.WhenAll(placing)).GroupBy(s => s).Select(g => g.Count()));
    }

    private sealed class Directory(Task answer) : SiloDirectory(null!, null!, null!), IPlacementContext
    {
        private static readonly ActiveSilo[] All =
            [.. Enumerable.Range(0, Silos).Select(i => new ActiveSilo($"silo-{i}", SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1 + i), 1)))];

        public SiloAddress LocalSilo => All[0].Address;

        public SiloStatus LocalSiloStatus => SiloStatus.Active;

        public override IReadOnlyList<ActiveSilo> Active() => All;

        public override IDeviceHost Host(ActiveSilo silo) => new FakeHost(silo.Name, answer);

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => [.. All.Select(s => s.Address)];

        public IReadOnlyDictionary<ushort, SiloAddress[]> GetCompatibleSilosWithVersions(PlacementTarget target) => throw new NotSupportedException();
    }

    private sealed class FakeHost(string name, Task answer) : IDeviceHost
    {
        public async Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default)
        {
            await answer.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext);
            return new DeviceStatus(name, [.. Enumerable.Range(0, Models).Select(i => new SlotStatus(i, 0, [], 0))]);
        }

        public Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<DataSummary> PrepareAsync(string spec, string fingerprint, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task DrainAsync(CancellationToken cancellation = default) => throw new NotSupportedException();
    }

    private sealed class NoMetadata : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress) => SiloMetadata.Empty;
    }
}
