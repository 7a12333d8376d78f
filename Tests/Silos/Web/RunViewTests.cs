using System.Net.ServerSentEvents;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Silos.Web;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Silos.Observability;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>How often a run and the silos that hold its artifacts are asked, by a clock that stands still until a test moves it.</summary>
public sealed class RunViewTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly CountedReplication _replication = new();
    private WebSilo _silo = null!;
    private RunView _runs = null!;
    private long _end;

    public async Task InitializeAsync()
    {
        _silo = await WebSilo.StartAsync(new FakeRuntime());
        await _silo.SubmitAsync(WebSilo.Spec("digits"));
        _end = (await _silo.SettledAsync("digits")).LastEvent;
        _runs = new RunView(_silo.Silo.Client, Service<ClusterView>(), Service<SampleGrids>(), _time, _replication);
    }

    public Task DisposeAsync() => _silo.DisposeAsync().AsTask();

    [Fact]
    public async Task Pages_of_one_run_share_what_is_asked()
    {
        var stream = new PageStream(Service<ClusterView>(), _runs, _silo.Silo.Client, Service<IHostApplicationLifetime>(), _time);
        using var late = new CancellationTokenSource(OpenPage.Patience);
        await using IAsyncEnumerator<SseItem<string>> one = stream.ReadAsync("digits", _end, late.Token).GetAsyncEnumerator(late.Token);
        await using IAsyncEnumerator<SseItem<string>> two = stream.ReadAsync("digits", _end, late.Token).GetAsyncEnumerator(late.Token);
        await RunOfAsync(one);
        await RunOfAsync(two);
        Assert.Equal(1, _replication.Calls);

        // As time goes on it is asked again, each time for both.
        int seconds = 0;
        await Until.HoldsAsync(() =>
        {
            seconds++;
            _time.Advance(ClusterView.Freshness);
            return _replication.Calls >= 4;
        });
        Assert.InRange(_replication.Calls, 4, seconds + 1);
    }

    [Fact]
    public async Task Page_that_goes_leaves_the_others_their_answer()
    {
        _replication.Answer = new TaskCompletionSource();
        using var first = new CancellationTokenSource();
        Task<RunPage?> gone = _runs.GetAsync("digits", first.Token);
        Task<RunPage?> stays = _runs.GetAsync("digits", CancellationToken.None);
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        _replication.Answer.SetResult();
        Assert.Equal("ready", (await stays.WaitAsync(OpenPage.Patience))?.Phase);
        Assert.Equal(1, _replication.Calls);
    }

    private static async Task RunOfAsync(IAsyncEnumerator<SseItem<string>> page)
    {
        do
        {
            Assert.True(await page.MoveNextAsync());
        }
        while (page.Current.EventType != "run");
    }

    private T Service<T>()
        where T : notnull => _silo.Silo.Services.GetRequiredService<T>();

    private sealed class CountedReplication : IReplication
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public TaskCompletionSource? Answer { get; set; }

        public int? UnderReplicated => null;

        public async ValueTask<IReadOnlyDictionary<string, string[]>> HoldersAsync(IReadOnlyCollection<string> sha256, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _calls);
            await (Answer?.Task ?? Task.CompletedTask).WaitAsync(cancellation);
            return new Dictionary<string, string[]>();
        }
    }
}
