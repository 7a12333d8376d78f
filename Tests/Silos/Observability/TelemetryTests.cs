using System.Collections;
using System.Collections.Concurrent;
using System.Text;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Observability;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>What is sent by OTLP, to a receiver in this process.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task Metrics_and_traces_go_where_the_standard_variables_say()
    {
        var received = new ConcurrentDictionary<string, string>();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using WebApplication receiver = builder.Build();
        receiver.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received.AddOrUpdate(context.Request.Path, _ => Latin(body), (_, old) => old + Latin(body));
            context.Response.ContentType = "application/x-protobuf";
        });
        await receiver.StartAsync();
        var variables = new Hashtable
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Urls.Single(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "host.name=here",
            ["PATH"] = "not for us",
        };
        HostApplicationBuilder silo = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        silo.Services.AddMetrics().AddSingleton<DdmMetrics>().AddSingleton(TimeProvider.System);
        Assert.True(Telemetry.Add(silo, new FakeRuntime(), scraped: false, variables));
        Assert.Null(silo.Configuration["PATH"]);
        using (IHost host = silo.Build())
        {
            await host.StartAsync();
            var spec = new RunSpec { Name = "sent-far-away" };
            using (ITrainingSession session = host.Services.GetRequiredService<ILearningRuntime>().OpenTraining(spec, ModelRole.Router, null))
            {
                session.Train(TimeSpan.FromSeconds(1), CancellationToken.None);
            }

            await host.StopAsync();
        }

        Assert.All(new[] { "ddm.training.steps", "orleans-ddm", "host.name" }, part => Assert.Contains(part, received["/v1/metrics"], StringComparison.Ordinal));
        Assert.All(new[] { "slice", "sent-far-away", "orleans-ddm" }, part => Assert.Contains(part, received["/v1/traces"], StringComparison.Ordinal));
        Assert.DoesNotContain("sent-far-away", received["/v1/metrics"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OTEL_SERVICE_NAME", "x", "")]
    [InlineData("OTEL_SDK_DISABLED", "true", "http://127.0.0.1:1")]
    public void Nothing_is_sent_unasked(string name, string value, string endpoint)
    {
        HostApplicationBuilder silo = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        Assert.False(Telemetry.Add(silo, new FakeRuntime(), scraped: false, new Hashtable { [name] = value, ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint }));
        Assert.DoesNotContain(silo.Services, s => s.ServiceType.Namespace!.StartsWith("OpenTelemetry", StringComparison.Ordinal));
    }

    private static string Latin(MemoryStream body) => Encoding.Latin1.GetString(body.ToArray());
}
