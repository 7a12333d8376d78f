using System.Runtime.CompilerServices;
using System.Threading.Channels;

using Orleans.Runtime;

using OrleansDDM.Client.Runs;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class GrainStreamTests
{
    private readonly Channel<int> _items = Channel.CreateUnbounded<int>();
    private readonly HastyClock _clock = new();
    private bool _left;

    [Fact]
    public async Task Items_come_in_order_and_the_end_is_the_end()
    {
        for (int i = 0; i < 3; i++)
        {
            _items.Writer.TryWrite(i);
        }

        _items.Writer.Complete();
        Assert.Equal([0, 1, 2], await SeenAsync(() => throw new InvalidOperationException("Nobody needs to ask.")));
        Assert.True(_left);
    }

    [Fact]
    public async Task A_quiet_stream_whose_activation_is_gone_is_lost_at_once()
    {
        _items.Writer.TryWrite(1);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => SeenAsync(() => Task.FromResult(false)));
        Assert.Equal([GrainStream.Quiet], _clock.Waits);
    }

    [Fact]
    public async Task A_quiet_stream_whose_activation_is_there_or_cannot_be_asked_goes_on()
    {
        int asked = 0;
        Assert.Equal([1], await SeenAsync(() =>
        {
            switch (++asked)
            {
                case 1:
                    return Task.FromResult(true);
                case 2:
                    throw new TimeoutException();
                case 3:
                    return Task.FromException<bool>(new SiloUnavailableException());
                case 4:
                    // No answer at all.
                    return new TaskCompletionSource<bool>().Task;
                default:
                    _items.Writer.TryWrite(1);
                    _items.Writer.TryComplete();
                    return Task.FromResult(true);
            }
        }));
        Assert.True(asked >= 5);
    }

    [Fact]
    public async Task A_stream_that_is_cancelled_while_it_is_quiet_ends_so()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SeenAsync(
            () =>
            {
                stop.Cancel();
                return Task.FromResult(true);
            },
            stop.Token));
        Assert.True(_left);
    }

    private async Task<List<int>> SeenAsync(Func<Task<bool>> isThere, CancellationToken cancellation = default)
    {
        List<int> seen = [];
        await foreach (int item in GrainStream.WatchedAsync(ItemsAsync(CancellationToken.None), isThere, _clock, cancellation))
        {
            seen.Add(item);
        }

        return seen;
    }

    private async IAsyncEnumerable<int> ItemsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            await foreach (int item in _items.Reader.ReadAllAsync(cancellation))
            {
                yield return item;
            }
        }
        finally
        {
            _left = true;
        }
    }
}
