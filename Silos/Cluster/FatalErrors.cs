using Microsoft.Extensions.Logging;

using Orleans.Runtime;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// What a silo does when it cannot go on, which is above all when the others took it for dead: it says so, and its program ends. What it still
/// computes by then bears an old term and has no effect. (Orleans would end the process with a core dump.)
/// </summary>
internal sealed partial class FatalErrors(ILogger<FatalErrors> logger) : IFatalErrorHandler
{
    private readonly TaskCompletionSource<string> _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the reason.</summary>
    public Task<string> Fatal => _fatal.Task;

    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        string reason = exception is null ? context ?? "no reason told" : $"{context} {exception.Message}";
        if (_fatal.TrySetResult(reason))
        {
            LogFatal(reason);
        }
    }

    [LoggerMessage(EventId = 2101, Level = LogLevel.Error, Message = "The silo cannot go on: {Reason}")]
    private partial void LogFatal(string reason);
}
