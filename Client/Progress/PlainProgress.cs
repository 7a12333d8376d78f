using System.Globalization;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Progress;

/// <summary>One line per model every few seconds, without control characters.</summary>
/// <param name="output">Where to.</param>
/// <param name="clock">Clock.</param>
internal sealed class PlainProgress(TextWriter output, TimeProvider clock) : IProgressSink
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly RemainingTime _remaining = new(clock);
    private readonly Dictionary<string, long> _shown = [];
    private readonly HashSet<string> _done = [];

    /// <inheritdoc/>
    public void Say(string message) => output.WriteLine(message);

    /// <inheritdoc/>
    public void Begin(IReadOnlyList<ModelStatus> models)
    {
        // The next run has models of the same roles.
        _done.Clear();
        _shown.Clear();
        foreach (ModelStatus model in models.Where(m => m.Step > 0))
        {
            output.WriteLine($"{model.Role} goes on from step {model.Step} of {model.Steps}");
        }
    }

    /// <inheritdoc/>
    public void Show(RunEvent progress)
    {
        if (progress.Kind is RunEventKind.Fault)
        {
            output.WriteLine($"{progress.Role}: {progress.Message}");
        }
        else if (progress is { Kind: RunEventKind.Telemetry, Role: null, Message: { } message })
        {
            output.WriteLine(message);
        }
        else if (progress.Kind is RunEventKind.Done)
        {
            _done.Add(progress.Role ?? string.Empty);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{progress.Role} done: {progress.Step} steps, validation loss {progress.ValidationLoss:0.0000}"));
        }
        else if (progress is { Kind: RunEventKind.Telemetry, Role: { } role, Loss: not null } && !_done.Contains(role))
        {
            double? remaining = _remaining.Seconds(role, progress.Step, progress.Steps);
            if (!_shown.TryGetValue(role, out long shown) || clock.GetElapsedTime(shown) >= Interval)
            {
                _shown[role] = clock.GetTimestamp();
                output.WriteLine(ProgressText.Line(progress, remaining));
            }
        }
    }
}
