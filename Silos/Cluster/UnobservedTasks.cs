using Microsoft.Extensions.Logging;

namespace OrleansDDM.Silos.Cluster;

/// <summary>Logs failures of tasks that nobody has looked at, of the whole process. The process goes on.</summary>
internal sealed partial class UnobservedTasks : IDisposable
{
    private readonly ILogger<UnobservedTasks> _logger;

    public UnobservedTasks(ILogger<UnobservedTasks> logger)
    {
        _logger = logger;
        TaskScheduler.UnobservedTaskException += Note;
    }

    public void Dispose() => TaskScheduler.UnobservedTaskException -= Note;

    private void Note(object? sender, UnobservedTaskExceptionEventArgs failure)
    {
        failure.SetObserved();
        try
        {
            LogUnobserved(failure.Exception, failure.Exception.GetBaseException().Message);
        }
        catch (Exception)
        {
            // This is the finalizers' thread: an exception here would end the process.
        }
    }

    [LoggerMessage(EventId = 2104, Level = LogLevel.Error, Message = "UnobservedTaskException, a task has failed and nobody has looked at it: {Reason}")]
    private partial void LogUnobserved(Exception exception, string reason);
}
