using OrleansDDM.Grains.Devices;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class SlotTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Work_runs_on_the_slots_thread_and_its_continuation_does_not()
    {
        using var slot = new Slot(3, () => { });
        string? inside = await slot.RunAsync(Lane.Training, () => Thread.CurrentThread.Name);
        Assert.Equal("slot-3", inside);
        Assert.NotEqual("slot-3", Thread.CurrentThread.Name);
    }

    [Fact]
    public async Task Lanes_are_served_in_turn()
    {
        using var slot = new Slot(0, () => { });
        using var gate = new ManualResetEventSlim();
        var order = new List<string>();
        Task[] work = [
            slot.RunAsync(Lane.Training, () => gate.Wait(Patience)),
            .. Enumerable.Range(0, 3).Select(i => Add(Lane.Training, "t")),
            .. Enumerable.Range(0, 3).Select(i => Add(Lane.Sampling, "s")),
        ];
        gate.Set();
        await Task.WhenAll(work).WaitAsync(Patience);
        Assert.Equal("ststst", string.Concat(order));

        Task Add(Lane lane, string name) => slot.RunAsync(lane, () =>
        {
            order.Add(name);
            return 0;
        });
    }

    [Fact]
    public async Task Failure_reaches_the_caller_and_the_slot_goes_on()
    {
        using var slot = new Slot(0, () => { });
        await Assert.ThrowsAsync<IOException>(() => slot.RunAsync<int>(Lane.Training, () => throw new IOException("x")));
        Assert.Equal(1, await slot.RunAsync(Lane.Training, () => 1));
    }

    [Fact]
    public async Task Failing_entry_is_told_to_the_first_caller()
    {
        using var slot = new Slot(0, () => throw new DllNotFoundException("no native library"));
        await Assert.ThrowsAsync<DllNotFoundException>(() => slot.RunAsync(Lane.Training, () => 1));
    }

    [Fact]
    public async Task Cancelled_work_that_waits_does_not_run()
    {
        using var slot = new Slot(0, () => { });
        using var gate = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        Task<bool> running = slot.RunAsync(Lane.Training, () => gate.Wait(Patience));
        bool ran = false;
        Task<bool> waiting = slot.RunAsync(Lane.Training, () => ran = true, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        gate.Set();
        Assert.True(await running);
        Assert.Equal(1, await slot.RunAsync(Lane.Training, () => 1));
        Assert.False(ran);
    }

    [Fact]
    public async Task Disposed_slot_cancels_what_waits_and_refuses_more()
    {
        var slot = new Slot(0, () => { });
        using var started = new ManualResetEventSlim();
        Task<bool> running = slot.RunAsync(Lane.Training, () =>
        {
            started.Set();
            return SpinWait.SpinUntil(() => slot.IsClosed, Patience);
        });
        Assert.True(started.Wait(Patience));
        Task<int> waiting = slot.RunAsync(Lane.Training, () => 1);
        slot.Dispose();
        Assert.True(await running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => slot.RunAsync(Lane.Sampling, () => 1));
    }
}
