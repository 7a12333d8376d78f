using Spectre.Console;

namespace OrleansDDM.Client.Progress;

/// <summary>Chooses how progress is shown, always on stderr.</summary>
public static class ProgressView
{
    /// <summary>Runs <paramref name="body"/> with a sink for its progress.</summary>
    public static async Task<T> RunAsync<T>(ProgressMode mode, Func<IProgressSink, Task<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (mode == ProgressMode.None)
        {
            return await body(new NoProgress());
        }

        if (mode == ProgressMode.Plain || !IsInteractive())
        {
            return await body(new PlainProgress(Console.Error, TimeProvider.System));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .AutoClear(false)
            .HideCompleted(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = LiveProgress.BarWidth(console) }, new PercentageColumn())
            .StartAsync(context => body(new LiveProgress(console, context)));
    }

    private static bool IsInteractive() =>
        !Console.IsErrorRedirected
        && Environment.GetEnvironmentVariable("CI") is null
        && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
}
