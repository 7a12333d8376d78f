using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Threading.Channels;

using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Devices;

namespace OrleansDDM.Grains.Devices;

/// <summary>
/// One share of a device with one thread of its own. Work runs one piece at a time, first in first out within a lane, the lanes
/// in turn. Awaiting code goes on on its own scheduler, never on this thread.
/// </summary>
internal sealed class Slot : IDisposable
{
    private const int Capacity = 256;

    private readonly Channel<IWork>[] _lanes = [NewLane(), NewLane()];
    private readonly SemaphoreSlim _available = new(0);
    private readonly Thread _thread;
    private readonly Action _enter;
    private int _waiting;
    private volatile bool _stopping;

    public Slot(int index, Action enter, string? name = null)
    {
        Index = index;
        _enter = enter;
        _thread = new Thread(Loop) { Name = name ?? $"slot-{index}", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>Index on the silo.</summary>
    public int Index { get; }

    /// <summary>Name of its device.</summary>
    public string Device { get; init; } = ComputeDevice.Cpu;

    /// <summary>Pieces of work waiting or running.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Keys of the training sessions bound to this slot.</summary>
    public ConcurrentDictionary<string, TrainingLease> Sessions { get; } = new();

    /// <summary>Whether it refuses new work.</summary>
    public bool IsClosed => _stopping;

    /// <summary>Cost of the sessions being opened here; changed under the lock of the pool only.</summary>
    public double Opening { get; set; }

    /// <summary>Knows of work that does not end; null = nobody looks.</summary>
    public WorkWatch? Watch { get; init; }

    /// <summary>Trained models open on this slot.</summary>
    public PredictorCache? Predictors { get; set; }

    /// <summary>Runs work on the slot's thread. Cancelled while it waits, it ends at once; once it runs, it looks at its token itself.</summary>
    /// <param name="lane">Its queue.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="limit">Time after which the thread is taken for stuck; null = as usual in the lane: work for samples is short.</param>
    /// <exception cref="ObjectDisposedException">The silo is stopping.</exception>
    public async Task<T> RunAsync<T>(Lane lane, Func<T> work, CancellationToken cancellation = default, TimeSpan? limit = null)
    {
        var item = new Work<T>(Watched(work, limit ?? (lane == Lane.Sampling ? WorkWatch.ShortWork : WorkWatch.AnyWork)), cancellation);
        Interlocked.Increment(ref _waiting);
        try
        {
            await _lanes[(int)lane].Writer.WriteAsync(item, cancellation);
        }
        catch (Exception e)
        {
            Interlocked.Decrement(ref _waiting);
            if (e is ChannelClosedException)
            {
                throw new ObjectDisposedException($"slot {Index}", "The silo is stopping.");
            }

            throw;
        }

        _available.Release();
        await using CancellationTokenRegistration registration = cancellation.Register(item.CancelIfWaiting);
        return await item.Task;
    }

    /// <summary>Refuses new work, cancels what waits, and waits a bounded time for the piece that runs.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        foreach (Channel<IWork> lane in _lanes)
        {
            lane.Writer.Complete();
        }

        _stopping = true;
        _available.Release();
        _thread.Join(TimeSpan.FromSeconds(10));
    }

    private static Channel<IWork> NewLane() =>
        Channel.CreateBounded<IWork>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    private Func<T> Watched<T>(Func<T> work, TimeSpan limit) => () =>
    {
        using IDisposable? piece = Watch?.Begin("the thread " + _thread.Name, limit);
        return work();
    };

    private void Loop()
    {
        LowerPriority();
        int turn = 0;
        bool entered = false;
        while (true)
        {
            _available.Wait();
            if (_stopping)
            {
                break;
            }

            int lane = turn;
            if (!_lanes[lane].Reader.TryRead(out IWork? work) && !_lanes[lane = 1 - turn].Reader.TryRead(out work))
            {
                continue;
            }

            turn = 1 - lane;
            if (entered || (entered = Enter(work)))
            {
                work.Run();
            }

            Interlocked.Decrement(ref _waiting);
        }

        foreach (Channel<IWork> lane in _lanes)
        {
            while (lane.Reader.TryRead(out IWork? work))
            {
                work.Cancel();
            }
        }

        foreach (TrainingLease lease in Sessions.Values)
        {
            lease.Close();
        }

        Predictors?.Dispose();
    }

    // Work on a thread that has not entered would have other threads and other results.
    private bool Enter(IWork first)
    {
        try
        {
            _enter();
            return true;
        }
        catch (Exception e)
        {
            first.Fail(e);
            return false;
        }
    }

    // .NET ignores thread priorities on Linux, where a thread's nice value does the same; native worker threads inherit it.
    private static void LowerPriority()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = NativeSetPriority(0, 0, 5);
        }
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    private static extern int NativeSetPriority(int which, int who, int priority);

    private interface IWork
    {
        void Run();

        void Cancel();

        void Fail(Exception exception);
    }

    private sealed class Work<T>(Func<T> work, CancellationToken cancellation) : IWork
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _taken;

        public Task<T> Task => _done.Task;

        public void Run()
        {
            if (Interlocked.Exchange(ref _taken, 1) != 0)
            {
                return;
            }

            if (cancellation.IsCancellationRequested)
            {
                _done.TrySetCanceled(cancellation);
                return;
            }

            try
            {
                _done.TrySetResult(work());
            }
            catch (OperationCanceledException e)
            {
                _done.TrySetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                _done.TrySetException(e);
            }
        }

        public void Cancel() => _done.TrySetCanceled(CancellationToken.None);

        public void CancelIfWaiting()
        {
            if (Interlocked.Exchange(ref _taken, 1) == 0)
            {
                _done.TrySetCanceled(cancellation);
            }
        }

        public void Fail(Exception exception) => _done.TrySetException(exception);
    }
}
