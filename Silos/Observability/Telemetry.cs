using System.Collections;

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Silos.Observability;

/// <summary>
/// Metrics and traces of a silo, our own and Orleans'. They are sent by OTLP where the usual variables name a receiver
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, <c>OTEL_SERVICE_NAME</c>, <c>OTEL_TRACES_SAMPLER</c>, ...), and read by Prometheus where web pages are served.
/// </summary>
internal static class Telemetry
{
    private const string Prefix = "OTEL_";
    private const string OrleansMeter = "Microsoft.Orleans";
    private static readonly string[] Endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// <summary>Puts the watch around what trains, and the exporters where they are asked for.</summary>
    /// <param name="builder">The silo's host.</param>
    /// <param name="learning">What trains and predicts.</param>
    /// <param name="scraped">Whether Prometheus may read it.</param>
    /// <param name="environment">The environment; null = that of this process.</param>
    /// <returns>Whether traces are sent.</returns>
    public static bool Add(IHostApplicationBuilder builder, ILearningRuntime learning, bool scraped, IDictionary? environment = null)
    {
        builder.Services.TryAddSingleton<WorkWatch>();
        builder.Services.AddSingleton<ILearningRuntime>(s => new ObservedLearning(
            learning, s.GetRequiredService<DdmMetrics>(), s.GetRequiredService<WorkWatch>(), s.GetRequiredService<TimeProvider>()));

        // The host reads no environment; these are the variables that the exporters look up in its configuration.
        Dictionary<string, string?> variables = (environment ?? Environment.GetEnvironmentVariables()).Cast<DictionaryEntry>()
            .Where(v => ((string)v.Key).StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(v => (string)v.Key, v => (string?)v.Value);
        bool sent = Endpoints.Any(e => !string.IsNullOrEmpty(variables.GetValueOrDefault(e))) && variables.GetValueOrDefault("OTEL_SDK_DISABLED") != "true";
        if (!sent && !scraped)
        {
            return false;
        }

        builder.Configuration.AddInMemoryCollection(variables);
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("orleans-ddm").AddEnvironmentVariableDetector())
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(DdmMetrics.MeterName, OrleansMeter);
                if (scraped)
                {
                    metrics.AddPrometheusExporter();
                }
            });
        if (sent)
        {
            telemetry.WithTracing(traces => traces.AddSource(DdmActivities.SourceName, "Microsoft.Orleans.Application", "Microsoft.Orleans.Storage"))
                .UseOtlpExporter();
        }

        return sent;
    }
}
