using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace OrleansDDM.Silos.Security.Tls;

/// <summary>
/// Asks a silo whether it lets this process in, before Orleans tries: it would try for minutes, and not say why.
/// </summary>
internal static class TlsProbe
{
    /// <summary>Whether the silo at an address has TLS, asked by a process that has not. A silo without it hangs up.</summary>
    /// <param name="where">The silo's port for silos, or its port for clients.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public static async Task<bool> SpeaksTlsAsync(IPEndPoint where, CancellationToken cancellation)
    {
        using var socket = new TcpClient(where.AddressFamily);
        await socket.ConnectAsync(where, cancellation);
        try
        {
            // No greeting of Orleans has no length.
            await socket.GetStream().WriteAsync(new byte[2 * sizeof(int)], cancellation);
            byte[] word = new byte[FirstWord.Refusal.Length];
            return FirstWord.IsRefusal(word.AsSpan(0, await socket.GetStream().ReadAtLeastAsync(word, word.Length, throwOnEndOfStream: false, cancellation)));
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Connects, shows the certificate and waits for the silo's word.</summary>
    /// <param name="where">The silo's port for silos, or its port for clients.</param>
    /// <param name="identity">This process's certificate and authority.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SocketException">Nobody listens.</exception>
    /// <exception cref="SecurityException">The two do not accept each other; the message says which side refuses, and why.</exception>
    public static async Task KnockAsync(IPEndPoint where, TlsIdentity identity, CancellationToken cancellation)
    {
        using var socket = new TcpClient(where.AddressFamily);
        await socket.ConnectAsync(where, cancellation);
        string? why = null;
        await using var tls = new SslStream(socket.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(identity.ToCall(where.Address.ToString(), TlsIdentity.ProbeProtocol, fault => why = fault), cancellation);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            throw new SecurityException(why is null
                ? $"The silo at {where} does not speak TLS as this process does ({e.Message}) All silos and clients of a cluster need Tls:Authority, Tls:Certificate and Tls:Key."
                : $"The silo at {where} is not believed: {why}. Use the files that one ddm cert init made.", e);
        }

        try
        {
            byte[] word = new byte[1];
            if (await tls.ReadAsync(word, cancellation) == 1)
            {
                return;
            }
        }
        catch (IOException)
        {
            // It hung up, which is its way to refuse.
        }

        throw new SecurityException(
            $"The silo at {where} refuses the certificate of this process (Tls:Certificate): it must be signed by the authority of that cluster, and be a silo's where a silo asks.");
    }
}
