using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

using Spectre.Console;

namespace OrleansDDM.Client.Progress;

/// <summary>One live bar per model.</summary>
internal sealed class LiveProgress(IAnsiConsole console, ProgressContext context) : IProgressSink
{
    // The percentage, and what stands between the columns.
    private const int Gaps = 8;

    // Room for a model's figures; what is left of the terminal's width is for its bar.
    private const int Figures = 64;

    private readonly Dictionary<string, ProgressTask> _bars = [];
    private readonly RemainingTime _remaining = new(TimeProvider.System);

    /// <summary>Width of the bars on a terminal, in characters.</summary>
    public static int BarWidth(IAnsiConsole console) => Math.Clamp(console.Profile.Width - Figures - Gaps, 10, 40);

    /// <inheritdoc/>
    public void Say(string message) => console.MarkupLineInterpolated($"[grey]{message}[/]");

    /// <inheritdoc/>
    public void Begin(IReadOnlyList<ModelStatus> models)
    {
        foreach (ModelStatus model in models)
        {
            Bar(model.Role, model.Steps).Value = model.Step;
        }
    }

    /// <inheritdoc/>
    public void Show(RunEvent progress)
    {
        if (progress.Kind == RunEventKind.Fault)
        {
            console.MarkupLineInterpolated($"[red]{progress.Role}: {progress.Message}[/]");
        }
        else if (progress is { Kind: RunEventKind.Telemetry, Role: null, Message: { } message })
        {
            Say(message);
        }
        else if (progress is { Kind: RunEventKind.Telemetry or RunEventKind.Done, Role: { } role, Steps: > 0 })
        {
            ProgressTask bar = Bar(role, progress.Steps);
            bar.MaxValue = progress.Steps;
            bar.Value = progress.Step;
            if (progress.Kind == RunEventKind.Telemetry)
            {
                bar.Description = Markup.Escape(ProgressText.Line(progress, _remaining.Seconds(role, progress.Step, progress.Steps), console.Profile.Width - BarWidth(console) - Gaps));
            }
        }
    }

    private ProgressTask Bar(string role, int steps)
    {
        if (!_bars.TryGetValue(role, out ProgressTask? bar))
        {
            bar = context.AddTask(Markup.Escape(role), maxValue: Math.Max(steps, 1));
            _bars.Add(role, bar);
        }

        return bar;
    }
}
