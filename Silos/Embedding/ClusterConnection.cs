using System.Net;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Orleans.Configuration;

namespace OrleansDDM.Silos.Embedding;

/// <summary>A client's connection to a silo in another process.</summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    private readonly IHost _host;

    private ClusterConnection(IHost host) => _host = host;

    /// <summary>The client: <c>Client.GetGrain&lt;IRunGrain&gt;(GrainKeys.Run(name))</c>.</summary>
    public IClusterClient Client => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>Connects to the silo that runs a folder, found by its endpoint file.</summary>
    /// <exception cref="ClusterUnreachableException">No silo runs the folder, or it does not answer.</exception>
    public static async Task<ClusterConnection> ToRunFolderAsync(string folder, CancellationToken cancellation = default)
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
        IHost host = builder.Build();
        try
        {
            await host.StartAsync(cancellation);
            return new ClusterConnection(host);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            host.Dispose();
            throw new ClusterUnreachableException($"The silo of '{folder}' at {endpoint.Gateway} does not answer: {e.Message}", e);
        }
    }

    /// <summary>Closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
