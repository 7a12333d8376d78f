using System.Text.Json;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

using Orleans.Runtime;

using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Silos.Observability;

/// <summary>
/// Health of a silo. <c>/health/live</c> fails where only a restart helps; <c>/health/ready</c> also where the silo should not be given work. Both
/// answer 200 or 503 with the named checks as JSON.
/// </summary>
internal static class Health
{
    private const string Live = "live";
    private const string Ready = "ready";

    /// <summary>Where they answer.</summary>
    public static IReadOnlySet<PathString> Paths { get; } = new HashSet<PathString> { "/health/" + Live, "/health/" + Ready };

    /// <summary>Adds the checks.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="expectedSilos">The fewest silos that the cluster should have.</param>
    public static void Add(IServiceCollection services, int expectedSilos) => services.AddSingleton<DatabaseCheck>().AddHealthChecks()
        .AddCheck<TrainingCheck>(TrainingCheck.Name, tags: [Live, Ready])
        .AddCheck<SiloCheck>(SiloCheck.Name, tags: [Ready])
        .AddCheck<DatabaseCheck>(DatabaseCheck.Name, tags: [Ready])
        .AddCheck<CertificateCheck>(CertificateCheck.Name, tags: [Ready])
        .Add(new HealthCheckRegistration(
            ReplicationCheck.Name, s => new ReplicationCheck(s.GetService<IReplication>()), failureStatus: null, tags: [Ready]))
        .Add(new HealthCheckRegistration(
            SilosCheck.Name, s => new SilosCheck(s.GetRequiredService<IClusterMembershipService>(), expectedSilos), failureStatus: null, tags: [Ready]));

    /// <summary>Serves them.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (string kind in (string[])[Live, Ready])
        {
            routes.MapHealthChecks("/health/" + kind, new HealthCheckOptions { Predicate = check => check.Tags.Contains(kind), ResponseWriter = WriteAsync });
        }
    }

    /// <summary>The report as JSON: <c>{"status", "checks": {NAME: {"status", "description"}}}</c>.</summary>
    internal static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new
        {
            status = Text(report.Status),
            checks = report.Entries.ToDictionary(
                e => e.Key, e => new { status = Text(e.Value.Status), description = e.Value.Description ?? e.Value.Exception?.Message }),
        }));
    }

    private static string Text(HealthStatus status) => status.ToString().ToLowerInvariant();
}
