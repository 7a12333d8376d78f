using System.Net;
using System.Net.Sockets;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

using Orleans.Configuration;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos.Embedding;

/// <summary>A client's connection to silos in other processes.</summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    private const string Cluster = "The cluster";
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstLimit = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

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

        return await ConnectAsync(
            $"The silo of '{folder}' at {endpoint.Gateway}",
            [gateway],
            client => client.UseStaticClustering(gateway)
                .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (endpoint.ClusterId, endpoint.ServiceId)),
            new ClientCredentials(),
            limit,
            cancellation);
    }

    /// <summary>Connects to a cluster by its database, with the credentials of this process.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ConfigurationException">The connection string is wrong.</exception>
    /// <exception cref="SchemaException">The database has no schema, an old one or a newer one.</exception>
    /// <exception cref="SecurityException">The certificate cannot be used, or the cluster does not accept it.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer, or no silo does.</exception>
    public static Task<ClusterConnection> ToClusterAsync(string connectionString, CancellationToken cancellation = default) =>
        ToClusterAsync(connectionString, ClientCredentials.Default.Value, cancellation);

    /// <summary>Connects to a cluster by its database.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="credentials">What it shows: whether that will do for a call, the call tells.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ConfigurationException">The connection string is wrong.</exception>
    /// <exception cref="SchemaException">The database has no schema, an old one or a newer one.</exception>
    /// <exception cref="SecurityException">The certificate cannot be used, or the cluster does not accept it.</exception>
    /// <exception cref="ClusterUnreachableException">The database does not answer, or no silo does.</exception>
    public static async Task<ClusterConnection> ToClusterAsync(string connectionString, ClientCredentials credentials, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        await PostgresSchema.RequireAsync(connectionString, cancellation);
        try
        {
            return await ToGatewaysAsync(connectionString, credentials, FirstLimit, cancellation);
        }
        catch (ClusterUnreachableException) when (!cancellation.IsCancellationRequested)
        {
            // The Orleans client stays with the gateways that it has read for longer than a cluster takes to start again.
            return await ToGatewaysAsync(connectionString, credentials, DefaultLimit, cancellation);
        }
    }

    /// <summary>Connects to a cluster by the gateways of some of its silos only, e.g. where the others are known not to answer.</summary>
    /// <param name="connectionString">PostgreSQL connection string that names the cluster.</param>
    /// <param name="silos">Names of the silos.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ClusterUnreachableException">The database does not answer, or none of the silos does.</exception>
    public static async Task<ClusterConnection> ToSilosAsync(string connectionString, IReadOnlyCollection<string> silos, CancellationToken cancellation = default)
    {
        IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(connectionString, cancellation);
        IPEndPoint[] gateways = [.. members.Where(m => m.Status == "Active" && silos.Contains(m.Name)).Select(m => m.Gateway).OfType<IPEndPoint>()];
        if (gateways.Length == 0)
        {
            throw new ClusterUnreachableException($"Of the silos {string.Join(", ", silos)} none is active.");
        }

        return await ConnectAsync(
            Cluster,
            gateways,
            client => client.UseStaticClustering(gateways)
                .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (SiloHost.ClusterId, SiloHost.ServiceId)),
            ClientCredentials.Default.Value,
            DefaultLimit,
            cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static async Task<ClusterConnection> ToGatewaysAsync(
        string connectionString, ClientCredentials credentials, TimeSpan limit, CancellationToken cancellation)
    {
        IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(connectionString, cancellation);
        IPEndPoint[] gateways = [.. members.Where(m => m.Status == "Active").Select(m => m.Gateway).OfType<IPEndPoint>()];
        if (gateways.Length == 0)
        {
            throw new ClusterUnreachableException(
                "The cluster's database answers, but no silo runs. Start one: dotnet run --project Silos -- --cluster \"...\", or ddm cluster up.");
        }

        return await ConnectAsync(
            Cluster,
            gateways,
            client => client.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", ClusterDatabase.Parse(connectionString).ConnectionString))
                .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (SiloHost.ClusterId, SiloHost.ServiceId)),
            credentials,
            limit,
            cancellation);
    }

    private static async Task<ClusterConnection> ConnectAsync(
        string what, IPEndPoint[] gateways, Action<IClientBuilder> configure, ClientCredentials credentials, TimeSpan limit, CancellationToken cancellation)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Logging.SetMinimumLevel(LogLevel.None);
        TlsIdentity? identity = credentials.Tls is { } files ? TlsIdentity.Load(files, TimeProvider.System) : null;
        builder.UseOrleansClient(client =>
        {
            configure(client);
            client.AddCredentials(credentials, identity);
        });
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(limit);
        IHost? host = null;
        try
        {
            // The Orleans client tries a refused port for minutes and cannot be hurried; a plain connection knows at once.
            await AnyAnswersAsync(gateways, identity, late.Token);
            host = builder.Build();
            Task starting = host.StartAsync(late.Token);
            if (identity is null && what == Cluster && await Task.WhenAny(starting, Task.Delay(Soon, late.Token)) != starting)
            {
                await RequirePlainAsync(gateways[0], late.Token);
            }

            await starting.WaitAsync(late.Token);
            return new ClusterConnection(host);
        }
        catch (Exception e) when (e is not SecurityException && !cancellation.IsCancellationRequested)
        {
            string reason = late.IsCancellationRequested ? $"no answer within {limit.TotalSeconds:0} s" : e.Message;
            throw new ClusterUnreachableException($"{what} does not answer: {reason}.", e);
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

    /// <summary>Finds out why there is no answer yet: a silo with TLS does not understand a client without.</summary>
    private static async Task RequirePlainAsync(IPEndPoint gateway, CancellationToken cancellation)
    {
        try
        {
            if (await TlsProbe.SpeaksTlsAsync(gateway, cancellation))
            {
                throw new SecurityException(
                    $"The silo at {gateway} has TLS, and this process has not: set DDM__Tls__Authority, DDM__Tls__Certificate and DDM__Tls__Key (ddm cert add --client).");
            }
        }
        catch (SocketException)
        {
            // It has gone; others may answer.
        }
    }

    private static async Task AnyAnswersAsync(IEnumerable<IPEndPoint> gateways, TlsIdentity? identity, CancellationToken cancellation)
    {
        Exception? last = null;
        await foreach (Task probe in Task.WhenEach(gateways.Select(ProbeAsync)))
        {
            if (probe.IsCompletedSuccessfully)
            {
                return;
            }

            last = probe.Exception?.InnerException ?? last;
        }

        throw last ?? new OperationCanceledException(cancellation);

        async Task ProbeAsync(IPEndPoint gateway)
        {
            if (identity is not null)
            {
                await TlsProbe.KnockAsync(gateway, identity, cancellation);
                return;
            }

            using var probe = new TcpClient(gateway.AddressFamily);
            await probe.ConnectAsync(gateway, cancellation);
        }
    }

    private static bool IsStarted(IHost host) =>
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.IsCancellationRequested;
}
