using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace OrleansDDM.Silos.Security.Tls;

/// <summary>Connection middleware of a silo without TLS: it tells when one with TLS wants in, which Orleans would take for noise.</summary>
internal sealed partial class PlainConnections(ILogger<PlainConnections> logger)
{
    /// <summary>Middleware for connections that other silos open.</summary>
    public ConnectionDelegate FromSilo(ConnectionDelegate next) => async context =>
    {
        if (await FirstWord.IsTlsAsync(context.Transport.Input, context.ConnectionClosed) == true)
        {
            string remote = context.RemoteEndPoint?.ToString() ?? "?";
            LogTls(remote);
            throw new ConnectionAbortedException($"{remote} speaks TLS, and this silo does not.");
        }

        await next(context);
    };

    [LoggerMessage(EventId = 4105, Level = LogLevel.Warning, Message = "A silo at {Remote} wants in with TLS, which this one does not have. All silos of a cluster need Tls:Authority, Tls:Certificate and Tls:Key, or none")]
    private partial void LogTls(string remote);
}
