using Microsoft.AspNetCore.Connections;

using OrleansDDM.Silos.Security.Access;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>Closes connections of clients beyond a number, before anything is read of them.</summary>
/// <param name="most">How many there may be at a time.</param>
/// <param name="gatekeeper">Hears of the first that is refused until there is room again.</param>
internal sealed class ConnectionLimit(int most, Gatekeeper gatekeeper)
{
    private int _open;
    private int _full;

    /// <summary>The connection middleware.</summary>
    public ConnectionDelegate Use(ConnectionDelegate next) => async context =>
    {
        if (Interlocked.Increment(ref _open) > most)
        {
            Interlocked.Decrement(ref _open);
            string why = $"{most} clients are connected to this silo, which is the most (Limits:GatewayConnections)";
            if (Interlocked.Exchange(ref _full, 1) == 0)
            {
                gatekeeper.Note(new AuditEntry(null, null, context.RemoteEndPoint?.ToString() ?? "?", "connection to the gateway", null, Allowed: false, why));
            }

            throw new ConnectionAbortedException(why);
        }

        try
        {
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
            Volatile.Write(ref _full, 0);
        }
    };
}
