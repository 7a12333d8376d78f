using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

using Orleans.Configuration;
using Orleans.Dashboard;

using OrleansDDM.Grains;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Observability;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Silos.Web;

namespace OrleansDDM.Silos;

/// <summary>Puts a silo together: what the embedded one and those of a cluster have in common.</summary>
internal static class SiloHost
{
    /// <summary>Service id of every silo: the same over all clusters, as it is part of the storage key.</summary>
    public const string ServiceId = "orleans-ddm";

    /// <summary>Cluster id in a database: one database (or schema of one) is one cluster.</summary>
    public const string ClusterId = "ddm";

    // The most that anybody posts is a token.
    private const int MostPosted = 64 * 1024;

    /// <summary>A host, not started.</summary>
    /// <exception cref="SecurityException">A key or certificate cannot be used.</exception>
    public static IHost Build(SiloPlan plan)
    {
        if (plan.WebUrl is null)
        {
            HostApplicationBuilder plain = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            bool traced = AddCommon(plain, plan);
            plain.UseOrleans(silo => Configure(silo, plan, traced));
            return Finish(plain.Build());
        }

        WebApplicationBuilder web = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        bool isTraced = AddCommon(web, plan);
        CertificateFile? certificate = plan.WebUrl.IsEncrypted ? CertificateOf(plan).Load(plan.Clock) : null;
        web.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(o => Listen(o, plan, certificate));
        web.Services.AddRoutingCore();
        WebPages.Add(web.Services, plan.PictureFolder);
        Health.Add(web.Services, plan.ExpectedSilos);
        if (certificate is not null)
        {
            web.Services.AddSingleton(certificate);
        }

        web.UseOrleans(silo =>
        {
            Configure(silo, plan, isTraced);
            silo.AddDashboard(o => o.HideTrace = true);
        });
        WebApplication application = web.Build();
        application.UseDdmLogin(new LoginOptions { Open = Health.Paths });
        WebPages.Map(application, plan.WebUrl);
        return Finish(application);
    }

    private static WebCertificate CertificateOf(SiloPlan plan) => plan.WebCertificate
        ?? (plan.Security.Tls is { } tls ? new WebCertificate(tls.Certificate, tls.Key) : throw new SecurityException("Pages by HTTPS take a certificate: Web:Certificate and Web:Key."));

    private static void Listen(KestrelServerOptions kestrel, SiloPlan plan, CertificateFile? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = plan.WebConnections;
        kestrel.Limits.MaxRequestBodySize = MostPosted;
        kestrel.Listen(plan.WebUrl!.Address, plan.WebUrl.Port, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = certificate.Certificate, ServerCertificateChain = certificate.Chain });
            }
        });
    }

    private static IHost Finish(IHost host)
    {
        SlotGauges.Add(host.Services);
        return host;
    }

    private static bool AddCommon(IHostApplicationBuilder builder, SiloPlan plan)
    {
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.AddSingleton(plan.Database);
        builder.Services.AddSingleton(plan.Clock);
        builder.Services.AddSingleton<IReplication, Replication>();
        builder.Services.AddHostedService(s => ActivatorUtilities.CreateInstance<SilosWarning>(s, plan.ExpectedSilos));
        bool traced = Telemetry.Add(builder, plan.Learning, scraped: plan.WebUrl is not null);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = plan.StopLimit);
        builder.Logging.ClearProviders().SetMinimumLevel(plan.LogLevel)
            .AddConsole(o => (o.LogToStandardErrorThreshold, o.FormatterName) = (LogLevel.Trace, plan.LogAsJson ? ConsoleFormatterNames.Json : ConsoleFormatterNames.Simple));
        if (plan.LogTimes)
        {
            builder.Services.Configure<SimpleConsoleFormatterOptions>(Stamp).Configure<JsonConsoleFormatterOptions>(Stamp);
        }

        // The runtime warns of things that are so on purpose (workstation GC) or of no use to a user (clock jumps, retries).
        LogLevel runtime = plan.LogLevel < LogLevel.Warning ? plan.LogLevel : (LogLevel)Math.Max((int)LogLevel.Error, (int)plan.LogLevel);
        builder.Logging.AddFilter("Orleans", level => level >= runtime && !plan.GivenUp.IsCancellationRequested).AddFilter("Polly", runtime).AddFilter("Microsoft.AspNetCore", runtime).AddFilter("OrleansDDM", plan.LogLevel);
        return traced;
    }

    private static void Stamp(ConsoleFormatterOptions options) => (options.TimestampFormat, options.UseUtcTimestamp) = ("yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", true);

    private static void Configure(ISiloBuilder silo, SiloPlan plan, bool traced)
    {
        plan.Hosting(silo);
        if (traced)
        {
            silo.AddActivityPropagation();
        }

        silo.Configure<SiloMessagingOptions>(o => o.CancelRequestOnTimeout = true);
        silo.AddSecurity(plan.Security, plan.Clock);
        silo.AddDdmGrains(plan.Folder, plan.Devices, plan.Artifacts);
    }
}
