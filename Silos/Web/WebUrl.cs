using System.Net;
using System.Net.Sockets;

using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

using OrleansDDM.Silos.Cluster;

namespace OrleansDDM.Silos.Web;

/// <summary>Where a silo serves its pages: <c>http://ADDRESS:PORT</c> or <c>https://ADDRESS:PORT</c>, port 0 for a free one.</summary>
/// <param name="Address">The address that it listens on.</param>
/// <param name="Port">The port, 0 = a free one.</param>
/// <param name="IsEncrypted">Whether it is HTTPS.</param>
public sealed record WebUrl(IPAddress Address, int Port, bool IsEncrypted = false)
{
    /// <summary>What a URL must look like.</summary>
    public const string Rule = "must be off, or http://ADDRESS:PORT or https://ADDRESS:PORT with an IP address or localhost, and port 0 for a free one";

    /// <summary>A free port that only this machine reaches.</summary>
    public static WebUrl Local { get; } = new(IPAddress.Loopback, 0);

    /// <summary>Whether only this machine reaches it.</summary>
    public bool IsLocal => IPAddress.IsLoopback(Address);

    /// <summary>Reads what is written like <see cref="ToString"/>; null = it is not.</summary>
    public static WebUrl? Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.PathAndQuery != "/"
            || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
        {
            return null;
        }

        string host = uri.DnsSafeHost;
        IPAddress? address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out IPAddress? named) ? named : null;
        return address is null ? null : new WebUrl(address, uri.Port, uri.Scheme == Uri.UriSchemeHttps);
    }

    /// <summary>Refuses a port that somebody has. Asked before the silo starts: one that fails later has joined the cluster by then.</summary>
    /// <exception cref="ConfigurationException">Somebody listens there, or this machine does not have the address.</exception>
    internal void RequireFree()
    {
        using var probe = new TcpListener(Address, Port);
        try
        {
            probe.Start();
        }
        catch (SocketException e)
        {
            throw new ConfigurationException($"Pages cannot be served at {this}: {e.Message}. Choose another Web:Url.");
        }
    }

    /// <summary>The URL that a started host serves, its port known; null = it serves none.</summary>
    internal static string? Of(IHost host) =>
        host.Services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();

    /// <inheritdoc/>
    public override string ToString() => $"{(IsEncrypted ? "https" : "http")}://{new IPEndPoint(Address, Port)}";
}
