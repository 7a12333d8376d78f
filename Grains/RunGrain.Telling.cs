using System.Runtime.CompilerServices;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains;

/// <content>What the run tells of itself.</content>
internal sealed partial class RunGrain
{
    public Task<RunStatus> GetStatusAsync(CancellationToken cancellation = default) => Task.FromResult(Status());

    public async Task<ModelMetrics[]> GetMetricsAsync(CancellationToken cancellation = default) =>
        State.SpecHash.Length == 0
            ? []
            : await Task.WhenAll(Models().Select(m => _calls.RunAsync(() => m.Grain.GetMetricsAsync(cancellation), Retry.OfCall, null, cancellation)));

    // An iterator of its own: a returned one would not see the caller's cancellation.
    public async IAsyncEnumerable<RunEvent> WatchAsync(long after = 0, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        // Said once when it began, which was before this watch.
        if (Waiting() is { } waiting)
        {
            yield return _events.Telemetry(new RunEvent { Message = $"Waiting for {waiting}" });
        }

        await foreach (RunEvent e in _events.WatchAsync(after, cancellation))
        {
            yield return e;
        }
    }

    private RunStatus Status() => new()
    {
        Name = _name,
        Phase = State.Phase,
        SpecHash = State.SpecHash,
        Spec = State.Spec,
        Term = State.Term,
        LastEvent = _row.Stored.LastEvent,
        Message = State.Message,
        Waiting = Waiting(),
        Silo = silos.Self,
        Data = State.Data,
        Models = State.SpecHash.Length == 0 ? [] : [.. Models().Select(m =>
            _live.GetValueOrDefault(m.Role) ?? State.Models.GetValueOrDefault(m.Role) ?? new ModelStatus { Role = m.Role })],
    };

    private string? Waiting() => _row.Waiting ?? _lacking ?? WaitingForDevice() ?? (State.Phase == RunPhase.Training ? _live.Values.Select(m => m.Waiting).FirstOrDefault(w => w is not null) : null);
}
