using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Grains;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class RetryTests
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    private readonly HastyClock _clock = new();
    private int _calls;

    [Fact]
    public async Task Pauses_grow_twofold_up_to_the_longest_and_are_cut_by_up_to_a_half()
    {
        Assert.Equal(7, await New().RunAsync(() => FailUntil(7), Retry.OfCall));
        double[] full = [1, 2, 4, 4, 4, 4];
        Assert.Equal(full.Length, _clock.Waits.Count);
        Assert.All(full.Zip(_clock.Waits), w => Assert.InRange(w.Second.TotalSeconds, w.First / 2, w.First));
        Assert.True(_clock.Waits.Distinct().Count() > 4);
    }

    [Fact]
    public async Task Same_seed_pauses_alike_and_another_one_does_not()
    {
        await New(seed: 1).RunAsync(() => FailUntil(5), Retry.OfCall);
        TimeSpan[] first = [.. _clock.Waits];
        _clock.Waits.Clear();
        _calls = 0;
        await New(seed: 1).RunAsync(() => FailUntil(5), Retry.OfCall);
        Assert.Equal(first, _clock.Waits);
        _clock.Waits.Clear();
        _calls = 0;
        await New(seed: 2).RunAsync(() => FailUntil(5), Retry.OfCall);
        Assert.NotEqual(first, _clock.Waits);
    }

    [Fact]
    public async Task Patience_ends_with_the_last_failure()
    {
        await Assert.ThrowsAsync<SiloUnavailableException>(() => New().RunAsync(() => FailUntil(1000), Retry.OfCall));
        Assert.InRange(_clock.Waits.Sum(w => w.TotalSeconds), 30 - 4, 30);
    }

    [Fact]
    public async Task Failure_that_cannot_pass_is_thrown_at_once()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => New().RunAsync<int>(() => throw new InvalidDataException(), Retry.OfCall));
        await Assert.ThrowsAsync<InconsistentStateException>(() => New().RunAsync<int>(() => throw new InconsistentStateException("x"), Retry.OfStorage));
        Assert.Empty(_clock.Waits);
    }

    [Fact]
    public async Task Cancelled_it_tries_once()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => New().RunAsync(() => FailUntil(2), Retry.OfCall, null, cancel.Token));
        Assert.Equal(1, _calls);
    }

    private Retry New(int seed = 1) => new(First, Longest, TimeSpan.FromSeconds(30), _clock, seed);

    private async Task<int> FailUntil(int good)
    {
        await Task.Yield();
        return ++_calls == good ? good : throw new SiloUnavailableException("x");
    }
}
