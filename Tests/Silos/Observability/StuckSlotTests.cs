using System.Net;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Silos.Web;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>A slot's thread that never comes back from a piece of work, whatever the work is.</summary>
public sealed class StuckSlotTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Silo_whose_slot_hangs_in_a_prediction_is_not_alive_until_it_goes_on()
    {
        var clock = new LeapingClock();
        using var inside = new SemaphoreSlim(0);
        using var gate = new ManualResetEventSlim();
        var runtime = new FakeRuntime
        {
            BeforePredict = _ =>
            {
                inside.Release();
                gate.Wait(Patience);
            },
        };
        await using WebSilo silo = await WebSilo.StartAsync(runtime, clock: clock);
        using var http = new HttpClient { Timeout = Patience };
        await silo.SubmitAsync(WebSilo.Spec("digits"));
        await silo.SettledAsync("digits");
        Task drawing = DrawAsync(silo);
        Assert.True(await inside.WaitAsync(Patience));
        Assert.Equal(HttpStatusCode.OK, (await LiveAsync()).Code);

        clock.Leap(WorkWatch.ShortWork + TimeSpan.FromMinutes(1));

        (HttpStatusCode code, string report) = await LiveAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, code);
        Assert.Contains("the thread slot-", report, StringComparison.Ordinal);
        gate.Set();
        await Until.HoldsAsync(async () => (await LiveAsync()).Code == HttpStatusCode.OK);
        await drawing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        async Task<(HttpStatusCode Code, string Report)> LiveAsync()
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri(new Uri(silo.Url), "/health/live"));
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Work_for_training_has_the_limit_that_it_is_given_or_a_day()
    {
        var time = new ManualTime();
        var watch = new WorkWatch(time);
        using var slot = new Slot(7, () => { }) { Watch = watch };
        Assert.Equal((false, true), await slot.RunAsync(Lane.Training, () => After(WorkWatch.ShortWork), limit: WorkWatch.ShortWork));
        Assert.Equal((false, true), await slot.RunAsync(Lane.Training, () => After(WorkWatch.AnyWork)));
        Assert.Equal((false, true), await slot.RunAsync(Lane.Sampling, () => After(WorkWatch.ShortWork)));
        await Assert.ThrowsAsync<IOException>(() => slot.RunAsync<int>(Lane.Sampling, () => throw new IOException("x")));
        time.Advance(2 * WorkWatch.AnyWork);
        Assert.Empty(watch.Stuck());

        (bool Before, bool Then) After(TimeSpan limit)
        {
            time.Advance(limit);
            bool before = watch.Stuck().Count > 0;
            time.Advance(TimeSpan.FromSeconds(1));
            return (before, watch.Stuck().Any(s => s.What == "the thread slot-7"));
        }
    }

    private static async Task DrawAsync(WebSilo silo)
    {
        ISamplerGrain sampler = silo.Silo.Client.GetGrain<ISamplerGrain>(GrainKeys.Sample("one"));
        await foreach (SampleProgress progress in sampler.SampleAsync(new SampleRequest { Run = "digits", Count = 1 }))
        {
            _ = progress;
        }
    }

    /// <summary>The clock of the system, ahead by what a test has let it leap.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Volatile.Read(ref _ticks);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _ticks));

        public void Leap(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
