using System.Globalization;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Configuration;
using Orleans.Dashboard;

using OrleansDDM.Grains;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;

namespace OrleansDDM.Silos;

/// <summary>Puts a silo together.</summary>
internal static class SiloHost
{
    /// <summary>Service id of every silo: the same over all clusters, as it is part of the storage key.</summary>
    public const string ServiceId = "orleans-ddm";

    /// <summary>The state database of a run folder.</summary>
    public static string DatabaseOf(string folder) => Path.Combine(folder, "state.db");

    /// <summary>A host on loopback with its state in <c>state.db</c> of the folder; not started.</summary>
    public static IHost Build(EmbeddedSiloOptions options, string folder, string clusterId, int siloPort, int gatewayPort)
    {
        string database = DatabaseOf(folder);
        void Configure(ISiloBuilder silo)
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort, serviceId: ServiceId, clusterId: clusterId);
            AddGrains(silo, options, folder, database);
        }

        if (options.DashboardPort is not { } port)
        {
            HostApplicationBuilder plain = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            AddCommon(plain, options);
            plain.UseOrleans(Configure);
            IHost host = plain.Build();
            Install(host, database);
            return host;
        }

        WebApplicationBuilder web = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        AddCommon(web, options);
        web.WebHost.UseKestrelCore().UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        web.Services.AddRoutingCore();
        web.UseOrleans(silo =>
        {
            Configure(silo);
            silo.AddDashboard(o => o.HideTrace = true);
        });
        WebApplication application = web.Build();
        application.MapOrleansDashboard("/dashboard");
        Install(application, database);
        return application;
    }

    private static void AddCommon(IHostApplicationBuilder builder, EmbeddedSiloOptions options)
    {
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.AddSingleton(options.Learning);
        builder.Services.AddSingleton(options.Clock);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Logging.ClearProviders().SetMinimumLevel(options.LogLevel)
            .AddFilter("Orleans", options.LogLevel > LogLevel.Error ? options.LogLevel : LogLevel.Error)
            .AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace);

        // The runtime warns of things that are so on purpose (workstation GC) or of no use to a user (clock jumps, retries).
        LogLevel runtime = options.LogLevel < LogLevel.Warning ? options.LogLevel : (LogLevel)Math.Max((int)LogLevel.Error, (int)options.LogLevel);
        builder.Logging.AddFilter("Orleans", runtime).AddFilter("Polly", runtime).AddFilter("OrleansDDM", options.LogLevel);
    }

    private static void AddGrains(ISiloBuilder silo, EmbeddedSiloOptions options, string folder, string database)
    {
        silo.Configure<SiloMessagingOptions>(o => o.CancelRequestOnTimeout = true);
        silo.AddAdoNetGrainStorage(StorageNames.Provider, o =>
        {
            // The provider knows SQLite under this name only; the driver it loads is Microsoft.Data.Sqlite.
            o.Invariant = "System.Data.SQLite";
            o.ConnectionString = SqliteSchema.ConnectionString(database);
        });
        silo.AddDdmGrains(folder, devices =>
        {
            devices.Slots = options.Slots;
            devices.ThreadsPerSlot = options.ThreadsPerSlot;
            devices.Slice = options.Slice;
        });
    }

    private static void Install(IHost host, string database) => SqliteSchema.Install(
        database, host.Services.GetService<ILoggerFactory>()?.CreateLogger(typeof(SqliteSchema).FullName!) ?? NullLogger.Instance);
}
