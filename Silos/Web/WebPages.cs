using System.Data.Common;
using System.Net;
using System.Reflection;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

using Orleans.Dashboard;
using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Observability;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Web;

/// <summary>The pages of a silo: ours at <c>/</c>, Orleans' at <c>/dashboard</c>, metrics at <c>/metrics</c> and health below <c>/health</c>.</summary>
internal static class WebPages
{
    /// <summary>The header that a page of ours sends with what changes something; pages of others cannot.</summary>
    public const string RequestHeader = "X-DDM-Request";

    private static readonly Dictionary<string, string> Types = new()
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    /// <summary>Adds what the pages read.</summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="folder">The folder of the one run that an embedded silo drives; null = none.</param>
    public static void Add(IServiceCollection services, string? folder)
    {
        services.AddSingleton<SiloLog>().AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(s => s.GetRequiredService<SiloLog>());
        services.AddSingleton<ClusterView>().AddSingleton<PageStream>();
        services.AddSingleton(s => new SampleGrids(s.GetRequiredService<IGrainFactory>(), folder));
        services.AddSingleton(s => new RunView(
            s.GetRequiredService<IGrainFactory>(),
            s.GetRequiredService<ClusterView>(),
            s.GetRequiredService<SampleGrids>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetService<IReplication>()));
    }

    /// <summary>Serves them. Whoever asks people who they are does so on <see cref="WebGroups.People"/> and <see cref="WebGroups.Machines"/>.</summary>
    public static WebGroups Map(WebApplication application, WebUrl url)
    {
        application.Use((context, next) => GuardAsync(context, next, url));
        RouteGroupBuilder people = application.MapGroup(string.Empty);
        RouteGroupBuilder machines = application.MapGroup(string.Empty);
        foreach (string resource in Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(n => n.StartsWith("page/", StringComparison.Ordinal)))
        {
            string name = resource["page/".Length..];
            byte[] bytes = Read(resource);
            string type = Types[Path.GetExtension(name)];
            people.MapGet(name == "index.html" ? "/" : "/page/" + name, () => Results.Bytes(bytes, type));
        }

        RouteGroupBuilder api = people.MapGroup("/api");
        api.AddEndpointFilter(AnswerAsync);
        api.MapGet("/stream", StreamAsync);
        api.MapGet("/runs/{name}/curves", CurvesAsync);
        api.MapGet("/runs/{name}/samples.png", SamplesAsync);
        api.MapPost("/runs/{name}/samples", DrawAsync).RequireRoles(Roles.Submitter);
        people.MapOrleansDashboard("/dashboard");
        machines.MapPrometheusScrapingEndpoint("/metrics");
        Health.Map(machines);
        return new WebGroups(people, machines);
    }

    private static async Task GuardAsync(HttpContext context, RequestDelegate next, WebUrl url)
    {
        // A name of somebody else's that leads to our loopback address would let his page read ours.
        string host = context.Request.Host.Host.Trim('[', ']');
        if (url.IsLocal && host != "localhost" && !(IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address)))
        {
            await Results.Text($"This page is served to this machine only, not as '{host}'.", statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context);
            return;
        }

        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-cache";
        if (!context.Request.Path.StartsWithSegments("/dashboard"))
        {
            context.Response.Headers.ContentSecurityPolicy =
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        }

        await next(context);
    }

    // What cannot be answered is told as such; only what nobody thought of is an error of the server.
    private static async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception e) when (ClusterView.IsSilence(e) || e is DbException or ClusterUnreachableException or SchemaException)
        {
            return Problem(StatusCodes.Status503ServiceUnavailable, e.Message);
        }
        catch (Exception e) when (e is StateVersionException or SpecException)
        {
            return Problem(StatusCodes.Status409Conflict, e.Message);
        }
    }

    private static async Task<IResult> StreamAsync(HttpContext context, PageStream stream, ClusterView cluster, string? run = null, long after = 0)
    {
        if (run is not null && !await cluster.HasRunAsync(run, context.RequestAborted))
        {
            return NotFound(run);
        }

        if (!stream.TryEnter())
        {
            return Problem(StatusCodes.Status503ServiceUnavailable, $"{PageStream.Most} pages are open already. Close one.");
        }

        context.Response.OnCompleted(() =>
        {
            stream.Leave();
            return Task.CompletedTask;
        });

        if (long.TryParse(context.Request.Headers["Last-Event-ID"], out long seen))
        {
            after = seen;
        }

        return TypedResults.ServerSentEvents(stream.ReadAsync(run, after, context.RequestAborted));
    }

    private static async Task<IResult> CurvesAsync(string name, ClusterView cluster, IGrainFactory grains, CancellationToken cancellation) =>
        await cluster.HasRunAsync(name, cancellation)
            ? Results.Text(PageJson.Write(Curves.Of(await Run(grains, name).GetMetricsAsync(cancellation))), "application/json")
            : NotFound(name);

    private static async Task<IResult> SamplesAsync(string name, ClusterView cluster, IGrainFactory grains, SampleGrids samples, CancellationToken cancellation) =>
        await cluster.HasRunAsync(name, cancellation) && samples.Find(await Run(grains, name).GetStatusAsync(cancellation)) is { } grid
            ? Results.Bytes(grid.Png, "image/png")
            : NotFound(name);

    private static async Task<IResult> DrawAsync(
        HttpRequest request, string name, ClusterView cluster, IGrainFactory grains, SampleGrids samples, CancellationToken cancellation)
    {
        if (!request.Headers.ContainsKey(RequestHeader))
        {
            return Problem(StatusCodes.Status403Forbidden, $"The header {RequestHeader} is missing: it tells that the page itself asks.");
        }

        if (!await cluster.HasRunAsync(name, cancellation))
        {
            return NotFound(name);
        }

        try
        {
            return await samples.DrawAsync(await Run(grains, name).GetStatusAsync(cancellation), cancellation) is { } grid
                ? Results.Text(PageJson.Write(new { tag = grid.Tag }), "application/json")
                : Problem(StatusCodes.Status409Conflict, "Samples are being drawn already. Try again in a moment.");
        }
        catch (Exception e) when (e is RunNotReadyException or BadRequestException or ArgumentException or ArtifactException)
        {
            return Problem(StatusCodes.Status409Conflict, e.Message);
        }
    }

    private static IRunGrain Run(IGrainFactory grains, string name) => grains.GetGrain<IRunGrain>(GrainKeys.Run(name));

    private static IResult NotFound(string name) => Problem(StatusCodes.Status404NotFound, $"There is nothing of a run '{name}' here.");

    private static IResult Problem(int code, string message) => Results.Text(PageJson.Write(new { error = message }), "application/json", statusCode: code);

    private static byte[] Read(string resource)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
