using System.Collections.Concurrent;

namespace OrleansDDM.Grains.Telemetry;

/// <summary>
/// Knows which pieces of work are under way on the threads of slots and since when. One that takes far longer than it should is a stuck thread:
/// nothing else of the silo would notice, as grains go on answering. Thread-safe.
/// </summary>
/// <param name="clock">What time it is.</param>
internal sealed class WorkWatch(TimeProvider clock)
{
    /// <summary>How many times its budget a slice may take: it ends with a whole step, and steps of a large model take a while.</summary>
    public const int Patience = 60;

    /// <summary>No slice is stuck before this time, however small its budget: first steps wait for compilation and memory.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMinutes(1);

    /// <summary>No file is written or read, no model opened and no prediction made for so long.</summary>
    public static readonly TimeSpan ShortWork = TimeSpan.FromHours(1);

    /// <summary>Nothing takes longer: data may be large, and are clustered in one piece.</summary>
    public static readonly TimeSpan AnyWork = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<Piece, bool> _running = new();

    /// <summary>A slice begins; it ends when the result is disposed.</summary>
    /// <param name="what">Whose, for the message, e.g. <c>RUN/expert-0</c>.</param>
    /// <param name="budget">Time after which it should end.</param>
    public IDisposable BeginSlice(string what, TimeSpan budget) => Begin(what, budget > Least / Patience ? budget * Patience : Least);

    /// <summary>A piece of work begins; it ends when the result is disposed.</summary>
    /// <param name="what">What it is, for the message.</param>
    /// <param name="limit">Time after which its thread is taken for stuck.</param>
    public IDisposable Begin(string what, TimeSpan limit)
    {
        var piece = new Piece(this, what, clock.GetTimestamp(), limit);
        _running[piece] = true;
        return piece;
    }

    /// <summary>The pieces that run for too long, each with its time so far.</summary>
    public IReadOnlyList<(string What, TimeSpan Elapsed)> Stuck() =>
        [.. _running.Keys.Select(p => (p.What, Elapsed: clock.GetElapsedTime(p.Started), p.Limit))
            .Where(p => p.Elapsed > p.Limit).OrderByDescending(p => p.Elapsed).Select(p => (p.What, p.Elapsed))];

    private sealed class Piece(WorkWatch watch, string what, long started, TimeSpan limit) : IDisposable
    {
        public string What => what;

        public long Started => started;

        public TimeSpan Limit => limit;

        public void Dispose() => watch._running.TryRemove(this, out _);
    }
}
