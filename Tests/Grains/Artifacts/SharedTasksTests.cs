using OrleansDDM.Grains.Artifacts;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

public sealed class SharedTasksTests
{
    private readonly SharedTasks<object> _tasks = new();
    private readonly TaskCompletionSource<object> _first = new();

    [Fact]
    public async Task Those_who_ask_while_it_is_done_share_it_and_the_next_begins_anew()
    {
        Task<object> one = _tasks.RunAsync("a", () => _first.Task, CancellationToken.None);
        Task<object> two = _tasks.RunAsync("a", () => throw new InvalidOperationException("somebody is at it"), CancellationToken.None);
        object done = new(), other = new();
        Assert.Same(other, await _tasks.RunAsync("b", () => Task.FromResult(other), CancellationToken.None));
        _first.SetResult(done);
        Assert.Same(done, await one);
        Assert.Same(done, await two);
        Assert.Same(other, await _tasks.RunAsync("a", () => Task.FromResult(other), CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_who_gives_up_ends_it_for_the_others()
    {
        using var stop = new CancellationTokenSource();
        Task<object> one = _tasks.RunAsync("a", () => _first.Task, stop.Token);
        Task<object> two = _tasks.RunAsync("a", () => throw new InvalidOperationException("somebody is at it"), CancellationToken.None);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        _first.SetResult(this);
        Assert.Same(this, await two);
    }
}
