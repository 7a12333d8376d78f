using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;

using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Gateway;

namespace OrleansDDM.Silos.Security.Tls;

/// <summary>
/// Connection middleware that puts TLS under the messages of Orleans. (Orleans' own package for it is not in reach of every registry, and needs no more.)
/// </summary>
/// <param name="identity">This process's certificate and authority.</param>
/// <param name="gatekeeper">Hears of connections that were refused; null in clients.</param>
/// <param name="logger">Says so.</param>
internal sealed partial class TlsConnections(TlsIdentity identity, Gatekeeper? gatekeeper, ILogger<TlsConnections> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly byte[] Welcome = [1];

    /// <summary>Middleware for connections that other silos open.</summary>
    public ConnectionDelegate FromSilo(ConnectionDelegate next) => context => ServeAsync(context, silosOnly: true, next);

    /// <summary>Middleware for connections that clients open.</summary>
    public ConnectionDelegate FromClient(ConnectionDelegate next) => context => ServeAsync(context, silosOnly: false, next);

    /// <summary>Middleware for connections that this process opens.</summary>
    public ConnectionDelegate ToSilo(ConnectionDelegate next) => async context =>
    {
        string remote = context.RemoteEndPoint?.ToString() ?? "?";
        string? why = null;
        var tls = new SslStream(new DuplexStream(context.Transport), leaveInnerStreamOpen: false);
        await using (tls)
        {
            using var late = new CancellationTokenSource(Patience);
            try
            {
                string host = (context.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? string.Empty;
                await tls.AuthenticateAsClientAsync(identity.ToCall(host, TlsIdentity.Protocol, fault => why = fault), late.Token);
            }
            catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
            {
                LogRefused(remote, why ?? e.Message);
                throw new ConnectionAbortedException($"No TLS with {remote}: {why ?? e.Message}", e);
            }

            await RunAsync(context, tls, next);
        }
    };

    private async Task ServeAsync(ConnectionContext context, bool silosOnly, ConnectionDelegate next)
    {
        string remote = context.RemoteEndPoint?.ToString() ?? "?";
        string? why = null;
        var tls = new SslStream(new DuplexStream(context.Transport), leaveInnerStreamOpen: false);
        await using (tls)
        {
            using var late = new CancellationTokenSource(Patience);
            try
            {
                if (await FirstWord.IsTlsAsync(context.Transport.Input, late.Token) == false)
                {
                    why = "it does not speak TLS; it needs Tls:Authority, Tls:Certificate and Tls:Key";
                    await RefuseAsync(context.Transport, late.Token);
                    throw new AuthenticationException(why);
                }

                await tls.AuthenticateAsServerAsync(identity.ToServe(silosOnly, fault => why = fault), late.Token);
            }
            catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
            {
                // Who only knocks, to see whether somebody is there, shows nothing and is no news.
                if (why is not null || e is AuthenticationException)
                {
                    LogRefused(remote, why ?? e.Message);
                    gatekeeper?.Note(new AuditEntry(null, null, remote, silosOnly ? "connection to the silo port" : "connection to the gateway", null, Allowed: false, why ?? e.Message));
                }

                throw new ConnectionAbortedException($"No TLS with {remote}: {why ?? e.Message}", e);
            }

            if (tls.NegotiatedApplicationProtocol == TlsIdentity.ProbeProtocol)
            {
                // It hangs up when it has the word; whoever closes first may take the word back.
                await tls.WriteAsync(Welcome, late.Token);
                await tls.FlushAsync(late.Token);
                await tls.ReadExactlyAsync(new byte[1], late.Token);
                return;
            }

            await RunAsync(context, tls, next);
        }
    }

    // Who closes first may take the word back, so the other side is given time to hang up.
    private static async Task RefuseAsync(IDuplexPipe transport, CancellationToken cancellation)
    {
        await transport.Output.WriteAsync(FirstWord.Refusal, cancellation);
        for (ReadResult read = default; !read.IsCompleted;)
        {
            read = await transport.Input.ReadAsync(cancellation);
            transport.Input.AdvanceTo(read.Buffer.End);
        }
    }

    private static async Task RunAsync(ConnectionContext context, SslStream tls, ConnectionDelegate next)
    {
        IDuplexPipe outer = context.Transport;
        context.Transport = new Duplex(
            PipeReader.Create(tls, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)));
        try
        {
            await next(context);
        }
        finally
        {
            context.Transport = outer;
        }
    }

    [LoggerMessage(EventId = 4102, Level = LogLevel.Warning, Message = "No TLS with {Remote}: {Why}.")]
    private partial void LogRefused(string remote, string why);
}
