using Microsoft.Extensions.Logging;

namespace OrleansDDM.Silos.Cluster;

/// <summary>Logs failures of tasks that nobody has looked at, of the whole process. The process goes on.</summary>
internal sealed partial class UnobservedTasks : IDisposable
{
    // Where it cannot read its table it tries again by itself, and leaves a failed task behind each time.
    private const string Reminders = "Orleans.Runtime.ReminderService.LocalReminderService.";

    private readonly ILogger<UnobservedTasks> _logger;

    public UnobservedTasks(ILogger<UnobservedTasks> logger)
    {
        _logger = logger;
        TaskScheduler.UnobservedTaskException += Note;
    }

    public void Dispose() => TaskScheduler.UnobservedTaskException -= Note;

    /// <summary>Whether an exception with its trace is one that Orleans itself leaves behind and goes on from.</summary>
    internal static bool IsKnown(string trace) => trace.Contains("at " + Reminders, StringComparison.Ordinal);

    private void Note(object? sender, UnobservedTaskExceptionEventArgs failure)
    {
        failure.SetObserved();
        try
        {
            if (IsKnown(failure.Exception.ToString()))
            {
                LogReminders(failure.Exception.GetBaseException().Message);
            }
            else
            {
                LogUnobserved(failure.Exception, failure.Exception.GetBaseException().Message);
            }
        }
        catch (Exception)
        {
            // This is the finalizers' thread: an exception here would end the process.
        }
    }

    [LoggerMessage(EventId = 2104, Level = LogLevel.Error, Message = "UnobservedTaskException, a task has failed and nobody has looked at it: {Reason}")]
    private partial void LogUnobserved(Exception exception, string reason);

    [LoggerMessage(EventId = 2105, Level = LogLevel.Warning, Message = "The reminder service could not read its table and tries again: {Reason}")]
    private partial void LogReminders(string reason);
}
