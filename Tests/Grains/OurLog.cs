using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace OrleansDDM.Tests.Grains;

/// <summary>Hands on what our own classes log.</summary>
/// <param name="lowest">Lowest level that is handed on.</param>
/// <param name="tell">Told each message, on the thread that logs it.</param>
internal sealed class OurLog(LogLevel lowest, Action<string> tell) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("OrleansDDM", StringComparison.Ordinal) ? this : NullLogger.Instance;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= lowest;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            tell(formatter(state, exception));
        }
    }

    public void Dispose()
    {
    }
}
