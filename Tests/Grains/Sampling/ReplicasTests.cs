using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Sampling;
using OrleansDDM.Learning.Diffusion;

using Xunit;

namespace OrleansDDM.Tests.Grains.Sampling;

public sealed class ReplicasTests
{
    private static readonly float[] Good = [1, 2, 3];

    private readonly HastyClock _clock = new();
    private readonly Dictionary<string, Func<float[]>> _hosts = [];
    private readonly List<string> _asked = [];

    [Fact]
    public async Task Each_model_has_its_own_order_of_silos_and_keeps_to_its_first()
    {
        Host("a", "b", "c");
        foreach (int weights in Enumerable.Range(0, 30))
        {
            await New().EvaluateAsync(Request(weights), default);
            await New().EvaluateAsync(Request(weights), default);
            Assert.Equal(_asked[^1], _asked[^2]);
            Assert.Equal(_asked[^1], ReplicaOrder.Of(_hosts.Keys, name => name, Request(weights).Model.Weights.Sha256).First());
        }

        Assert.Equal(["a", "b", "c"], _asked.Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Silo_that_fails_is_passed_over(Exception loss)
    {
        Host("a", "b", "c");
        await New().EvaluateAsync(Request(0), default);
        string first = Assert.Single(_asked);
        _hosts[first] = () => throw loss;
        Assert.Equal(Good, await New().EvaluateAsync(Request(0), default));
        Assert.Equal(3, _asked.Count);
        Assert.Equal(first, _asked[1]);
        Assert.NotEqual(first, _asked[2]);
        Assert.Empty(_clock.Waits);
    }

    public static TheoryData<Exception> Losses => new(
        new SiloUnavailableException(),
        new TimeoutException(),
        new ArtifactException("missing"),
        new ObjectDisposedException("slot 0"),
        new TaskCanceledException());

    [Fact]
    public async Task Cluster_that_has_not_noticed_a_loss_is_given_time()
    {
        Host("a");
        int calls = 0;
        _hosts["a"] = () => ++calls < 4 ? throw new SiloUnavailableException() : Good;
        Assert.Equal(Good, await New().EvaluateAsync(Request(0), default));
        Assert.Equal(3, _clock.Waits.Count);
    }

    [Fact]
    public async Task Weights_that_nobody_has_are_told_without_waiting()
    {
        Host("a", "b");
        _hosts["a"] = _hosts["b"] = () => throw new ArtifactException("Artifact 1 is missing.");
        ExpertUnavailableException e = await Assert.ThrowsAsync<ExpertUnavailableException>(() => New().EvaluateAsync(Request(0), default));
        Assert.Contains("expert-0", e.Message, StringComparison.Ordinal);
        Assert.IsType<ArtifactException>(e.InnerException);
        Assert.Equal(2, _asked.Count);
        Assert.Empty(_clock.Waits);
    }

    [Fact]
    public async Task Silos_that_never_answer_are_given_up()
    {
        Host("a", "b");
        _hosts["a"] = _hosts["b"] = () => throw new SiloUnavailableException();
        await Assert.ThrowsAsync<ExpertUnavailableException>(() => New().EvaluateAsync(Request(0), default));
        Assert.InRange(_clock.Waits.Sum(w => w.TotalSeconds), 10, 20);
    }

    [Fact]
    public async Task Fault_of_the_model_itself_is_told_at_once()
    {
        Host("a", "b");
        _hosts["a"] = _hosts["b"] = () => throw new InvalidDataException("not weights");
        await Assert.ThrowsAsync<InvalidDataException>(() => New().EvaluateAsync(Request(0), default));
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Cancelled_evaluation_asks_nobody_else()
    {
        Host("a", "b");
        using var cancel = new CancellationTokenSource();
        _hosts["a"] = _hosts["b"] = () =>
        {
            cancel.Cancel();
            throw new OperationCanceledException();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => New().EvaluateAsync(Request(0), cancel.Token));
        Assert.Single(_asked);
    }

    private static EvaluateRequest Request(int weights) => new(
        new ModelReference("{}", "hash", "expert-0", new ArtifactReference(weights.ToString("x64", System.Globalization.CultureInfo.InvariantCulture), 1)), [0], 1, 0.5, 1, 1, null);

    private void Host(params IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            _hosts[name] = () => Good;
        }
    }

    private Replicas New() => new(new Directory(this), Options.Create(new RunOptions()), _clock);

    private sealed class Directory(ReplicasTests test) : SiloDirectory(null!, null!, null!)
    {
        public override IReadOnlyList<ActiveSilo> Active() => [.. test._hosts.Keys.Select(name => new ActiveSilo(name, SiloAddress.Zero))];

        public override IDeviceHost Host(ActiveSilo silo) => new FakeHost(test, silo.Name);
    }

    private sealed class FakeHost(ReplicasTests test, string name) : IDeviceHost
    {
        public async Task<float[]> EvaluateAsync(EvaluateRequest request, CancellationToken cancellation = default)
        {
            test._asked.Add(name);
            await Task.Yield();
            return test._hosts[name]();
        }

        public Task<DataSummary> PrepareAsync(string spec, string fingerprint, CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task DrainAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public Task<DeviceStatus> GetStatusAsync(CancellationToken cancellation = default) => throw new NotSupportedException();
    }
}
