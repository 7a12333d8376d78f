using System.Collections.Concurrent;

namespace OrleansDDM.Silos.Observability;

/// <summary>
/// Knows which slices of training are under way and since when. A slice that runs far beyond its budget is a stuck thread: nothing else of the
/// silo would notice, as grains go on answering. Thread-safe.
/// </summary>
/// <param name="clock">What time it is.</param>
internal sealed class SliceWatch(TimeProvider clock)
{
    /// <summary>How many times its budget a slice may take: it ends with a whole step, and steps of a large model take a while.</summary>
    public const int Patience = 60;

    /// <summary>No slice is stuck before this time, however small its budget: first steps wait for compilation and memory.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Slice, bool> _running = new();

    /// <summary>A slice begins; it ends when the result is disposed.</summary>
    /// <param name="model">Whose, for the message, e.g. <c>RUN/expert-0</c>.</param>
    /// <param name="budget">Time after which it should end.</param>
    public IDisposable Begin(string model, TimeSpan budget)
    {
        TimeSpan limit = budget > Least / Patience ? budget * Patience : Least;
        var slice = new Slice(this, model, clock.GetTimestamp(), limit);
        _running[slice] = true;
        return slice;
    }

    /// <summary>The slices that run for too long, each with its time so far.</summary>
    public IReadOnlyList<(string Model, TimeSpan Elapsed)> Stuck() =>
        [.. _running.Keys.Select(s => (s.Model, Elapsed: clock.GetElapsedTime(s.Started), s.Limit))
            .Where(s => s.Elapsed > s.Limit).OrderByDescending(s => s.Elapsed).Select(s => (s.Model, s.Elapsed))];

    private sealed class Slice(SliceWatch watch, string model, long started, TimeSpan limit) : IDisposable
    {
        public string Model => model;

        public long Started => started;

        public TimeSpan Limit => limit;

        public void Dispose() => watch._running.TryRemove(this, out _);
    }
}
