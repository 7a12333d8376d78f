using System.Text.Json;

using Microsoft.Extensions.Options;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains.Islands;

/// <summary>What a host keeps of clusterings that come to no end.</summary>
public sealed class HostImageryTests : IDisposable
{
    private static readonly string Features = JsonSerializer.Serialize(new FeatureState("pixels", [1], []));

    private readonly FakeSilos _silos = new(1);
    private readonly FakeHost _host = new();
    private readonly SlotPool _slots;
    private readonly HostImagery _imagery;

    public HostImageryTests()
    {
        _slots = new SlotPool(Options.Create(new DeviceOptions { Slots = 1 }), _silos[0].Exchange, _host, new WorkWatch(TimeProvider.System));
        _imagery = new HostImagery(_host, _slots, null!, new Directory());
    }

    public void Dispose()
    {
        _slots.Dispose();
        _silos.Dispose();
    }

    [Fact]
    public async Task Clustering_that_ends_in_vain_is_forgotten()
    {
        for (int run = 0; run < 3; run++)
        {
            await _imagery.OpenAsync(Spec(run), Features, CancellationToken.None);
        }

        Assert.Equal(3, _imagery.Clusterings);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _imagery.ShareAsync(Spec(0), null!, new CancellationToken(canceled: true)));
        await Assert.ThrowsAsync<DatasetException>(() => _imagery.ShareAsync(Spec(1), null!, CancellationToken.None));
        Assert.Equal(1, _imagery.Clusterings);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _imagery.ShareAsync(Spec(2), null!, new CancellationToken(canceled: true)));
        Assert.Equal(0, _imagery.Clusterings);
    }

    [Fact]
    public async Task Clusterings_that_nobody_ends_give_way_to_those_that_are_asked()
    {
        await _imagery.OpenAsync(Spec(0), Features, CancellationToken.None);
        for (int run = 1; run <= 6; run++)
        {
            await _imagery.OpenAsync(Spec(run), Features, CancellationToken.None);
            await AskAsync(0);
        }

        Assert.Equal(4, _imagery.Clusterings);
        Assert.True((await Assert.ThrowsAsync<DataUnavailableException>(() => AskAsync(1))).IsMissing);
        await AskAsync(6);
    }

    [Fact]
    public async Task Late_end_of_a_clustering_leaves_the_one_that_began_again()
    {
        await _imagery.OpenAsync(Spec(0), Features, CancellationToken.None);
        using var inside = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        _host.BeforeAssign = () =>
        {
            inside.Set();
            goOn.Wait(TimeSpan.FromSeconds(20));
        };
        Task<HostSamples> sharing = _imagery.ShareAsync(Spec(0), null!, CancellationToken.None);
        Assert.True(await Task.Run(() => inside.Wait(TimeSpan.FromSeconds(20))));
        Task opening = _imagery.OpenAsync(Spec(0), Features, CancellationToken.None);
        goOn.Set();
        await Assert.ThrowsAsync<DatasetException>(() => sharing);
        await opening;
        await AskAsync(0);
    }

    private static RunSpec Spec(int run) => new() { Name = "r", Seed = (ulong)run };

    private Task<PointsAnswer> AskAsync(int run) => _imagery.AskAsync(
        new PointsQuestion(SpecJson.Hash(Spec(run)), PointsQuestionKind.Assign, [0]), CancellationToken.None);

    private sealed class Directory() : SiloDirectory(null!, null!, null!)
    {
        public override string Self => "a";
    }

    private sealed class FakeHost : ILearningRuntime, IHostLearning
    {
        public Action BeforeAssign { get; set; } = () => { };

        public void EnterSlot(int threads, string device)
        {
        }

        public KMeansShard Points(RunSpec spec, string host, FeatureState features) => new([1, 2], 1, new long[] { 1, 2 });

        public HostAssignment Assign(RunSpec spec, string host, HostPlan plan)
        {
            BeforeAssign();
            throw new DatasetException(spec.Data.Name, "does not fit");
        }

        public HostSurvey Survey(RunSpec spec, string host) => throw new NotSupportedException();

        public void Adopt(RunSpec spec, string? host, HostPlan plan) => throw new NotSupportedException();

        public string AdoptedPlan(RunSpec spec) => throw new NotSupportedException();

        public PreparedData Prepare(RunSpec spec, CancellationToken cancellation) => throw new NotSupportedException();

        public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null) => throw new NotSupportedException();

        public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights) => throw new NotSupportedException();
    }
}
