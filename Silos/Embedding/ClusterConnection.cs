using System.Net;
using System.Net.Sockets;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Orleans.Configuration;

namespace OrleansDDM.Silos.Embedding;

/// <summary>A client's connection to a silo in another process.</summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(15);

    private readonly IHost _host;

    private ClusterConnection(IHost host) => _host = host;

    /// <summary>The client: <c>Client.GetGrain&lt;IRunGrain&gt;(GrainKeys.Run(name))</c>.</summary>
    public IClusterClient Client => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>Connects to the silo that runs a folder, found by its endpoint file.</summary>
    /// <exception cref="ClusterUnreachableException">No silo runs the folder, or it does not answer.</exception>
    public static Task<ClusterConnection> ToRunFolderAsync(string folder, CancellationToken cancellation = default) =>
        ToRunFolderAsync(folder, DefaultLimit, cancellation);

    /// <summary>As the public one, with the longest time to wait for an answer.</summary>
    internal static async Task<ClusterConnection> ToRunFolderAsync(string folder, TimeSpan limit, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        EndpointFile endpoint = EndpointFile.Read(folder)
            ?? throw new ClusterUnreachableException($"Nothing runs in '{folder}'. Start it with resume.");
        if (!IPEndPoint.TryParse(endpoint.Gateway, out IPEndPoint? gateway))
        {
            throw new ClusterUnreachableException($"The endpoint file in '{folder}' has no address in gateway ('{endpoint.Gateway}').");
        }

        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleansClient(client => client
            .UseStaticClustering(gateway)
            .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (endpoint.ClusterId, endpoint.ServiceId)));
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(limit);
        IHost? host = null;
        try
        {
            // The Orleans client tries a refused port for minutes and cannot be hurried; a plain connection knows at once.
            using (var probe = new TcpClient())
            {
                await probe.ConnectAsync(gateway, late.Token);
            }

            host = builder.Build();
            await host.StartAsync(late.Token).WaitAsync(late.Token);
            return new ClusterConnection(host);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            string reason = late.IsCancellationRequested ? $"no answer within {limit.TotalSeconds:0} s" : e.Message;
            throw new ClusterUnreachableException($"The silo of '{folder}' at {endpoint.Gateway} does not answer: {reason}.", e);
        }
        finally
        {
            if (host is not null && !IsStarted(host))
            {
                // Disposing waits for the attempts under way; nobody else needs to.
                _ = Task.Run(host.Dispose, CancellationToken.None);
            }
        }
    }

    private static bool IsStarted(IHost host) =>
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.IsCancellationRequested;

    /// <summary>Closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
