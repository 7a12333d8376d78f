namespace OrleansDDM.Silos.Local.Faults;

/// <summary>A clock that is wrong by what the switch says. Time spans are measured as ever.</summary>
internal sealed class ShiftedClock(FaultSwitch faults, TimeProvider inner) : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + TimeSpan.FromSeconds(faults.Plan.ClockSeconds);

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}
