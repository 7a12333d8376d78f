using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;

using Orleans.Runtime;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Web;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.Grains.Placement;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>What a silo serves, asked without a browser.</summary>
public sealed class WebPagesTests : IAsyncLifetime
{
    private readonly FakeRuntime _runtime = new();
    private readonly HttpClient _http = new() { Timeout = OpenPage.Patience };
    private WebSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await WebSilo.StartAsync(_runtime);

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _silo.DisposeAsync();
    }

    [Fact]
    public async Task Page_and_its_parts_run_no_code_but_their_own()
    {
        using HttpResponseMessage page = await _http.GetAsync(At("/"));
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("script-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        foreach ((string part, string type) in new[] { ("page.js", "text/javascript"), ("page.css", "text/css"), ("icon.svg", "image/svg+xml") })
        {
            using HttpResponseMessage answer = await _http.GetAsync(At("/page/" + part));
            Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        }
    }

    [Theory]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("192.0.2.1", HttpStatusCode.Forbidden)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("[::1]", HttpStatusCode.OK)]
    public async Task Loopback_answers_to_its_own_names_only(string host, HttpStatusCode code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, At("/metrics")) { Headers = { Host = host } };
        using HttpResponseMessage answer = await _http.SendAsync(request);
        Assert.Equal(code, answer.StatusCode);
    }

    [Fact]
    public async Task Samples_are_drawn_for_the_page_only_and_of_ready_runs_only()
    {
        _runtime.BeforeStep = (_, step, cancellation) => step < 20 || (cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1)) & false);
        await _silo.SubmitAsync(WebSilo.Spec("digits"));
        Assert.Equal((HttpStatusCode.Forbidden, true), await DrawAsync("digits", fromPage: false));
        Assert.Equal((HttpStatusCode.NotFound, true), await DrawAsync("nobody", fromPage: true));
        Assert.Equal((HttpStatusCode.Conflict, true), await DrawAsync("digits", fromPage: true));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf("/api/runs/digits/samples.png"));
        _runtime.BeforeStep = (_, _, _) => true;
        await _silo.SettledAsync("digits");
        Assert.Equal((HttpStatusCode.OK, false), await DrawAsync("digits", fromPage: true));
        byte[] png = await _http.GetByteArrayAsync(At("/api/runs/digits/samples.png"));
        Assert.Equal("PNG"u8.ToArray(), png[1..4]);

        // What was drawn is of these models; a run that is trained anew has no picture.
        await _silo.Run("digits").SubmitAsync(SpecJson.Write(WebSilo.Spec("digits") with { Seed = 99 }), force: true);
        await _silo.SettledAsync("digits");
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf("/api/runs/digits/samples.png"));
    }

    [Fact]
    public async Task Picture_of_an_evaluation_is_shown_if_it_is_of_this_very_spec()
    {
        RunSpec spec = WebSilo.Spec("digits");
        await _silo.SubmitAsync(spec);
        await _silo.SettledAsync("digits");
        await File.WriteAllBytesAsync(_silo.Folder.File("samples.png"), [1, 2, 3]);
        await File.WriteAllTextAsync(_silo.Folder.File("run.json"), SpecJson.Write(spec with { Seed = 99 }));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf("/api/runs/digits/samples.png"));
        await File.WriteAllTextAsync(_silo.Folder.File("run.json"), SpecJson.Write(spec));
        Assert.Equal([1, 2, 3], await _http.GetByteArrayAsync(At("/api/runs/digits/samples.png")));
    }

    [Fact]
    public async Task Stream_that_is_taken_up_again_goes_on_after_the_last_event()
    {
        await _silo.SubmitAsync(WebSilo.Spec("digits"));
        RunStatus end = await _silo.SettledAsync("digits");
        List<SseItem<string>> all = await ReadAsync("/api/stream?run=digits", after: null, end.LastEvent);
        long[] numbers = [.. all.Where(i => i.EventId is not null).Select(i => long.Parse(i.EventId!, null))];
        Assert.Equal(Enumerable.Range(1, (int)end.LastEvent).Select(n => (long)n), numbers);
        List<SseItem<string>> rest = await ReadAsync("/api/stream?run=digits", after: end.LastEvent - 2, end.LastEvent);
        Assert.Equal([end.LastEvent - 1, end.LastEvent], rest.Where(i => i.EventId is not null).Select(i => long.Parse(i.EventId!, null)));
        Assert.Equal(["cluster", "run"], all.Where(i => i.EventId is null && i.EventType != "event").Select(i => i.EventType).Distinct().Order());
        JsonElement run = JsonDocument.Parse(all.First(i => i.EventType == "run").Data).RootElement;
        Assert.Equal(("digits", "ready", 3), (run.GetProperty("name").GetString(), run.GetProperty("phase").GetString(), run.GetProperty("models").GetArrayLength()));
    }

    [Fact]
    public async Task Silo_that_stops_ends_the_streams_in_order()
    {
        using HttpResponseMessage answer = await _http.GetAsync(At("/api/stream"), HttpCompletionOption.ResponseHeadersRead);
        Task<string> read = answer.Content.ReadAsStringAsync();
        await _silo.DisposeAsync();

        // Cut off instead, it would throw.
        Assert.StartsWith("event: cluster", await read, StringComparison.Ordinal);
        _silo = await WebSilo.StartAsync(_runtime);
    }

    [Fact]
    public async Task Unknown_run_is_not_found_and_no_grain_comes_of_asking()
    {
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf("/api/stream?run=nobody"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf("/api/runs/nobody/curves"));
        Assert.Equal(0, await ActivationsAsync());
        await _silo.Run("nobody").GetStatusAsync();
        Assert.Equal(1, await ActivationsAsync());
    }

    [Fact]
    public async Task One_page_too_many_is_refused_with_a_reason()
    {
        var open = new List<HttpResponseMessage>();
        try
        {
            for (int i = 0; i < PageStream.Most; i++)
            {
                open.Add(await _http.GetAsync(At("/api/stream"), HttpCompletionOption.ResponseHeadersRead));
            }

            using HttpResponseMessage refused = await _http.GetAsync(At("/api/stream"), HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Contains("open already", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        finally
        {
            open.ForEach(o => o.Dispose());
        }
    }

    [Fact]
    public async Task Metrics_of_ours_and_of_Orleans_are_scraped()
    {
        await _silo.SubmitAsync(WebSilo.Spec("digits"));
        await _silo.SettledAsync("digits");
        _runtime.Devices = new MemoryMeter { Free = { ["cpu"] = 4711 } };
        string text = await _http.GetStringAsync(At("/metrics"));
        foreach (string name in new[] { "ddm_training_steps", "ddm_training_slice_duration_seconds", "ddm_checkpoint_size_bytes", "ddm_slots_busy", "ddm_silos_active", "orleans_catalog_activations" })
        {
            Assert.Contains("\n" + name, text, StringComparison.Ordinal);
        }

        Assert.Matches("\nddm_device_memory_free_bytes\\{[^}]*device=\"cpu\"[^}]*\\} 4711[ \n]", text);
        Assert.DoesNotContain("digits", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lost_database_makes_the_silo_unready_and_leaves_it_alive()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusOf("/health/ready"));
        foreach (string file in Directory.EnumerateFiles(_silo.Folder, "state.db*"))
        {
            File.Move(file, file + ".away");
        }

        await Until.HoldsAsync(async () => await StatusOf("/health/ready") == HttpStatusCode.ServiceUnavailable);
        using HttpResponseMessage ready = await _http.GetAsync(At("/health/ready"));
        JsonElement checks = JsonDocument.Parse(await ready.Content.ReadAsStringAsync()).RootElement.GetProperty("checks");
        Assert.Equal(
            ["certificates healthy", "database unhealthy", "replication healthy", "silo healthy", "silos healthy", "training healthy"],
            checks.EnumerateObject().Select(c => $"{c.Name} {c.Value.GetProperty("status").GetString()}").Order(StringComparer.Ordinal));
        Assert.Equal(HttpStatusCode.OK, await StatusOf("/health/live"));
    }

    private Uri At(string path) => new(_silo.Url + path);

    private async Task<HttpStatusCode> StatusOf(string path)
    {
        using HttpResponseMessage answer = await _http.GetAsync(At(path), HttpCompletionOption.ResponseHeadersRead);
        return answer.StatusCode;
    }

    private async Task<(HttpStatusCode Code, bool Error)> DrawAsync(string run, bool fromPage)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, At($"/api/runs/{run}/samples"));
        if (fromPage)
        {
            request.Headers.Add(WebPages.RequestHeader, "page");
        }

        using HttpResponseMessage answer = await _http.SendAsync(request);
        JsonElement json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return (answer.StatusCode, json.TryGetProperty("error", out JsonElement error) && error.GetString()!.Length > 10);
    }

    private async Task<List<SseItem<string>>> ReadAsync(string path, long? after, long until)
    {
        using var late = new CancellationTokenSource(OpenPage.Patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, At(path));
        if (after is { } number)
        {
            request.Headers.Add("Last-Event-ID", number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, late.Token);
        await using Stream stream = await answer.Content.ReadAsStreamAsync(late.Token);
        var items = new List<SseItem<string>>();
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync(late.Token))
        {
            items.Add(item);
            bool last = items.Any(i => i.EventId == until.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (last && items.Any(i => i.EventType == "run"))
            {
                break;
            }
        }

        return items;
    }

    private async Task<int> ActivationsAsync()
    {
        SimpleGrainStatistic[] grains = await _silo.Silo.Client.GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics();
        return grains.Where(g => g.GrainType.Contains("RunGrain", StringComparison.Ordinal)).Sum(g => g.ActivationCount);
    }
}
