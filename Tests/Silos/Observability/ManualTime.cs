namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>A clock that stands still until a test moves it.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Alarm> _alarms = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _now;

    public void Advance(TimeSpan by)
    {
        Alarm[] due;
        lock (_lock)
        {
            _now += by;
            due = [.. _alarms.Where(a => a.Due <= _now)];
            Array.ForEach(due, a => a.Rearm());
        }

        Array.ForEach(due, a => a.Ring());
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    private sealed class Alarm(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan Due { get; private set; }

        public void Ring() => callback(state);

        public void Rearm() => Change(_period, _period);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._alarms.Remove(this);
                if (dueTime > TimeSpan.Zero || (dueTime == TimeSpan.Zero && period == Timeout.InfiniteTimeSpan))
                {
                    (Due, _period) = (time._now + dueTime, period);
                    time._alarms.Add(this);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                time._alarms.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
