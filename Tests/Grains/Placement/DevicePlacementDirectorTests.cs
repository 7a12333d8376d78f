using System.Collections.Concurrent;
using System.Net;

using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Placement;
using OrleansDDM.Tests.Silos.Observability;

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
        DevicePlacementDirector director = Director(directory, TimeProvider.System);
        Dictionary<string, object> needs = Needs();

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

    [Fact]
    public async Task A_model_that_was_placed_and_trains_by_now_counts_once()
    {
        var directory = new Directory(Task.CompletedTask);
        var time = new ManualTime();
        DevicePlacementDirector director = Director(directory, time);
        Dictionary<string, object> needs = Needs();

        List<SiloAddress> placed = [];

        // Two rounds fill all silos alike, whether the models of the first have opened their sessions or not.
        for (int i = 0; i < 2 * Silos; i++)
        {
            // So that the silos are asked anew each time.
            time.Advance(TimeSpan.FromMilliseconds(500));
            string key = $"model/r/expert-{i}";
            SiloAddress silo = await director.OnAddActivation(new DevicePlacement(), new PlacementTarget(GrainId.Create("expert", key), needs, default, 0), directory);
            placed.Add(silo);
            if (i % 2 == 0)
            {
                directory.Train(silo, key);
            }
        }

        Assert.Equal(Enumerable.Repeat(2, Silos), placed.GroupBy(s => s).Select(g => g.Count()));
    }

    private static DevicePlacementDirector Director(Directory directory, TimeProvider clock) =>
        new(new DeviceFeed(directory, clock), new DeviceFleet(directory, new NoMetadata()));

    private static Dictionary<string, object> Needs()
    {
        DeviceNeeds.None.Hint();
        Dictionary<string, object> needs = RequestContext.Entries.ToDictionary(e => e.Key, e => e.Value);
        RequestContext.Clear();
        return needs;
    }

    private sealed class Directory(Task answer) : SiloDirectory(null!, null!, null!), IPlacementContext
    {
        private static readonly ActiveSilo[] All =
            [.. Enumerable.Range(0, Silos).Select(i => new ActiveSilo($"silo-{i}", SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1 + i), 1)))];

        private readonly ConcurrentDictionary<string, SiloAddress> _training = new();

        /// <summary>Lets a model train there from now on.</summary>
        public void Train(SiloAddress silo, string key) => _training[key] = silo;

        public SiloAddress LocalSilo => All[0].Address;

        public SiloStatus LocalSiloStatus => SiloStatus.Active;

        public override IReadOnlyList<ActiveSilo> Active() => All;

        public override IDeviceHost Host(ActiveSilo silo) => new FakeHost(silo.Name, answer, () => _training.Where(t => t.Value.Equals(silo.Address)).Select(t => t.Key));

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => [.. All.Select(s => s.Address)];

        public IReadOnlyDictionary<ushort, SiloAddress[]> GetCompatibleSilosWithVersions(PlacementTarget target) => throw new NotSupportedException();
    }

    private sealed class FakeHost(string name, Task answer, Func<IEnumerable<string>> training) : IDeviceHost
    {
        public async Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default)
        {
            await answer.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext);
            return new DeviceStatus(name, [.. Enumerable.Range(0, Models).Select(i => new SlotStatus(i, 0, i == 0 ? [.. training()] : [], 0))]);
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
