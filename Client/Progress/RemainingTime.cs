namespace OrleansDDM.Client.Progress;

/// <summary>Estimates the time that is left from the steps done since the first look.</summary>
/// <param name="clock">Clock.</param>
internal sealed class RemainingTime(TimeProvider clock)
{
    private readonly Dictionary<string, (int Step, long Time)> _first = [];

    /// <summary>Seconds left for <paramref name="role"/>, or null before the second look.</summary>
    public double? Seconds(string role, int step, int steps)
    {
        if (!_first.TryGetValue(role, out (int Step, long Time) first) || step < first.Step)
        {
            _first[role] = (step, clock.GetTimestamp());
            return null;
        }

        double elapsed = clock.GetElapsedTime(first.Time).TotalSeconds;
        return step > first.Step ? elapsed / (step - first.Step) * (steps - step) : null;
    }
}
