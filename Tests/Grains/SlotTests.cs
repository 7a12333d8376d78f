using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

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
    public async Task Newer_lease_revokes_an_older_one_even_while_that_computes()
    {
        using var slot = new Slot(0, () => { });
        using var gate = new ManualResetEventSlim();
        using var inside = new ManualResetEventSlim();
        var spec = new RunSpec { Training = new TrainingSpec { Steps = 10 } };
        var runtime = new FakeRuntime();
        var old = new TrainingLease("k", 1, 1, slot, runtime.OpenTraining(spec, ModelRole.Expert(0), null));
        slot.Sessions["k"] = old;
        Task<bool> computing = old.RunAsync(_ =>
        {
            inside.Set();
            return gate.Wait(Patience);
        });
        Assert.True(inside.Wait(Patience));
        old.Revoke(2);
        gate.Set();
        StaleTermException e = await Assert.ThrowsAsync<StaleTermException>(() => computing);
        Assert.Equal(2, e.Current);
        await Assert.ThrowsAsync<StaleTermException>(() => old.RunAsync(_ => true));
        Assert.Empty(slot.Sessions);
        Assert.Equal(0, runtime.OpenSessions);

        var newer = new TrainingLease("k", 2, 1, slot, runtime.OpenTraining(spec, ModelRole.Expert(0), null));
        Assert.Throws<StaleTermException>(() => newer.Revoke(1));
        Assert.True(await newer.RunAsync(_ => true));
    }

    [Fact]
    public async Task Failing_entry_is_told_to_every_caller_until_it_succeeds()
    {
        int entries = 0;
        using var slot = new Slot(0, () => Throw(++entries < 3));
        await Assert.ThrowsAsync<DllNotFoundException>(() => slot.RunAsync(Lane.Training, () => 1));
        await Assert.ThrowsAsync<DllNotFoundException>(() => slot.RunAsync(Lane.Training, () => 1));
        Assert.Equal(1, await slot.RunAsync(Lane.Training, () => 1));
        Assert.Equal(1, await slot.RunAsync(Lane.Training, () => 1));
        Assert.Equal(3, entries);

        static void Throw(bool when)
        {
            if (when)
            {
                throw new DllNotFoundException("no native library");
            }
        }
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
