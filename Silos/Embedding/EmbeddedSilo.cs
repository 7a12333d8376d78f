using System.Globalization;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Configuration;

using OrleansDDM.Grains;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos.Embedding;

/// <summary>
/// A silo in this process that runs one folder: grain state in <c>state.db</c>, loopback ports, an endpoint file by which other
/// processes find it, and a lock that keeps a second silo out.
/// </summary>
public sealed class EmbeddedSilo : IAsyncDisposable
{
    private const int PortAttempts = 8;
    private static readonly TimeSpan DefaultStopLimit = TimeSpan.FromSeconds(30);

    private readonly IHost _host;
    private readonly RunFolderLock _lock;
    private bool _stopped;

    private EmbeddedSilo(IHost host, RunFolderLock folderLock, string folder, EndpointFile endpoint)
    {
        _host = host;
        _lock = folderLock;
        RunFolder = folder;
        Endpoint = endpoint;
    }

    /// <summary>The folder that it runs.</summary>
    public string RunFolder { get; }

    /// <summary>Where it can be reached.</summary>
    public EndpointFile Endpoint { get; }

    /// <summary>Where its pages are; null = nowhere.</summary>
    public string? HttpUrl => WebUrl.Of(_host);

    /// <summary>The client: <c>Client.GetGrain&lt;IRunGrain&gt;(GrainKeys.Run(name))</c>.</summary>
    public IClusterClient Client => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>The artifacts that references name: checkpoints and final weights.</summary>
    public IArtifactStore Artifacts => _host.Services.GetRequiredService<IArtifactStore>();

    /// <summary>The silo's services, for tests.</summary>
    internal IServiceProvider Services => _host.Services;

    /// <summary>Starts a silo and returns when it answers.</summary>
    /// <exception cref="RunFolderInUseException">Another silo runs the folder.</exception>
    public static async Task<EmbeddedSilo> StartAsync(EmbeddedSiloOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string folder = Path.GetFullPath(options.RunFolder);
        Directory.CreateDirectory(folder);
        RunFolderLock folderLock = RunFolderLock.Take(folder);
        try
        {
            string clusterId = "ddm-" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
            for (int attempt = 1; ; attempt++)
            {
                (int siloPort, int gatewayPort) = (options.Ports ?? FreePorts.Two)();
                IHost host = Build(options, folder, clusterId, siloPort, gatewayPort);
                try
                {
                    // Told to give up half-way, Orleans logs an error with its stack; it is there within seconds, and then goes in order.
                    await host.StartAsync(CancellationToken.None);
                    if (cancellation.IsCancellationRequested)
                    {
                        await host.StopAsync(CancellationToken.None);
                        cancellation.ThrowIfCancellationRequested();
                    }

                    EndpointFile endpoint = new(
                        Environment.ProcessId,
                        ProcessToken.Of(Environment.ProcessId)!,
                        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{gatewayPort}"),
                        clusterId,
                        SiloHost.ServiceId,
                        options.Clock.GetUtcNow());
                    endpoint.Write(folder);
                    return new EmbeddedSilo(host, folderLock, folder, endpoint);
                }
                catch (Exception e)
                {
                    host.Dispose();
                    if (attempt == PortAttempts || !FreePorts.IsTaken(e))
                    {
                        throw;
                    }
                }
            }
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Stops: models in training write a last checkpoint, then the silo goes. Runs keep their phase; <c>ResumeAsync</c> goes on with
    /// them. To record a run as stopped, call <c>IRunGrain.StopAsync</c> first.
    /// </summary>
    /// <param name="limit">Longest time for it, default 30 s; what is not done by then is left to the checkpoints.</param>
    public async Task StopAsync(TimeSpan? limit = null)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        EndpointFile.Delete(RunFolder);
        using var late = new CancellationTokenSource(limit ?? DefaultStopLimit);
        try
        {
            await _host.StopAsync(late.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            // Time is up; the process is about to end anyway.
        }
        finally
        {
            await ((IAsyncDisposable)_host).DisposeAsync();
            SqliteSchema.Close(DatabaseOf(RunFolder));
            _lock.Dispose();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    private static string DatabaseOf(string folder) => Path.Combine(folder, "state.db");

    /// <summary>A host on loopback with its state in <c>state.db</c> of the folder; not started.</summary>
    private static IHost Build(EmbeddedSiloOptions options, string folder, string clusterId, int siloPort, int gatewayPort)
    {
        string database = DatabaseOf(folder);
        IHost host = SiloHost.Build(new SiloPlan
        {
            Folder = folder,
            Learning = options.Learning,
            Clock = options.Clock,
            LogLevel = options.LogLevel,
            Database = new SqliteState(database),
            WebUrl = options.WebUrl,
            PictureFolder = folder,
            Devices = devices =>
            {
                devices.Facts = options.Facts ?? devices.Facts;
                devices.Slots = options.Slots;
                devices.ThreadsPerSlot = options.ThreadsPerSlot;
                devices.Slice = options.Slice;
            },
            Hosting = silo => silo
                .Configure<SiloOptions>(o => o.SiloName = "embedded") // peers find the host of their data by this name after a restart
                .UseLocalhostClustering(siloPort, gatewayPort, serviceId: SiloHost.ServiceId, clusterId: clusterId)
                .AddAdoNetGrainStorage(StorageNames.Provider, o =>
                {
                    // The provider knows SQLite under this name only; the driver it loads is Microsoft.Data.Sqlite.
                    o.Invariant = "System.Data.SQLite";
                    o.ConnectionString = SqliteSchema.ConnectionString(database);
                    o.DeleteStateOnClear = true;
                }),
        });
        SqliteSchema.Install(
            database, host.Services.GetService<ILoggerFactory>()?.CreateLogger(typeof(SqliteSchema).FullName!) ?? NullLogger.Instance);
        return host;
    }
}
