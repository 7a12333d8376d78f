using System.Net;
using System.Net.Sockets;

namespace OrleansDDM.Silos.Embedding;

/// <summary>Finds loopback ports. Another process may take one before it is used: the caller tries again.</summary>
internal static class FreePorts
{
    /// <summary>Two different free ports.</summary>
    public static (int Silo, int Gateway) Two()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }

    /// <summary>Whether <paramref name="e"/> comes from a port that somebody else has.</summary>
    public static bool IsTaken(Exception? e) => e switch
    {
        null => false,
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => true,
        AggregateException all => all.InnerExceptions.Any(IsTaken),
        _ => IsTaken(e.InnerException),
    };
}
