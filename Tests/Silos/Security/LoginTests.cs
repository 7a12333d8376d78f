using System.Net;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Tests.Silos.Observability;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>Web pages behind the login, on a small server of their own.</summary>
public sealed class LoginTests : IAsyncLifetime
{
    private readonly TokenKey _key = TokenKey.Generate();
    private readonly AuditLog _audit = new(new AuditOptions(), TimeProvider.System, NullLogger<AuditLog>.Instance);
    private readonly List<WebApplication> _servers = [];
    private readonly TokenRevocations _revocations = new();
    private readonly ManualTime _time = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (WebApplication server in _servers)
        {
            await server.DisposeAsync();
        }

        _key.Dispose();
    }

    [Fact]
    public async Task Pages_ask_for_a_token_and_health_does_not()
    {
        using HttpClient http = await ServeAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/health/live/more")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsync("/health/live", null)).StatusCode);
        Assert.Equal("alive", await http.GetStringAsync("/health/live"));
        using var browser = new HttpRequestMessage(HttpMethod.Get, "/");
        browser.Headers.Add("Accept", "text/html,application/xhtml+xml");
        HttpResponseMessage sent = await http.SendAsync(browser);
        Assert.Equal((HttpStatusCode.SeeOther, "/login"), (sent.StatusCode, sent.Headers.Location!.ToString()));
        string page = await http.GetStringAsync("/login");
        Assert.Contains("<label for=\"token\">", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Posted_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use()
    {
        using HttpClient http = await ServeAsync();
        HttpResponseMessage login = await LoginAsync(http, Token(Roles.Observer));
        Assert.Equal((HttpStatusCode.SeeOther, "/"), (login.StatusCode, login.Headers.Location!.ToString()));
        string cookie = Assert.Single(login.Headers.GetValues("Set-Cookie"));
        Assert.All(new[] { "httponly", "samesite=strict", "expires=" }, part => Assert.Contains(part, cookie, StringComparison.OrdinalIgnoreCase));
        http.DefaultRequestHeaders.Add("Cookie", cookie.Split(';')[0]);
        Assert.Equal("ann observer", await http.GetStringAsync("/"));
        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/draw");
        foreign.Headers.Add("Origin", "http://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, (await http.SendAsync(foreign)).StatusCode);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("<script>alert(1)</script>")]
    public async Task Wrong_token_stays_outside(string token)
    {
        using HttpClient http = await ServeAsync();
        HttpResponseMessage login = await LoginAsync(http, token);
        Assert.Equal(HttpStatusCode.Unauthorized, login.StatusCode);
        Assert.False(login.Headers.Contains("Set-Cookie"));
        Assert.DoesNotContain("<script>", await login.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/")).StatusCode);
    }

    [Theory]
    [InlineData(Roles.Observer, "GET", "/", 200)]
    [InlineData(Roles.Observer, "POST", "/draw", 403)]
    [InlineData(Roles.Submitter, "POST", "/draw", 200)]
    [InlineData(Roles.Submitter, "POST", "/", 403)]
    [InlineData(Roles.Submitter, "GET", "/dashboard/x", 403)]
    [InlineData(Roles.Submitter, "GET", "/DASHBOARD", 403)]
    [InlineData(Roles.Admin, "GET", "/dashboard/x", 200)]
    [InlineData(Roles.Admin, "POST", "/", 200)]
    public async Task Roles_open_what_is_theirs(Roles role, string method, string path, int status)
    {
        using HttpClient http = await ServeAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("Authorization", "Bearer " + Token(role));
        Assert.Equal(status, (int)(await http.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Without_keys_everyone_on_the_machine_is_let_in_but_no_other_sites_page()
    {
        using HttpClient http = await ServeAsync(asks: false);
        Assert.Equal("anyone admin", await http.GetStringAsync("/"));
        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/draw");
        foreign.Headers.Add("Origin", "http://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, (await http.SendAsync(foreign)).StatusCode);
        using var own = new HttpRequestMessage(HttpMethod.Post, "/draw");
        own.Headers.Add("Origin", http.BaseAddress!.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(own)).StatusCode);
    }

    [Fact]
    public async Task Answer_that_goes_on_is_cut_off_when_its_token_is_revoked()
    {
        using HttpClient http = await ServeAsync();
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + Token(Roles.Observer));
        using HttpResponseMessage answer = await http.GetAsync("/endless", HttpCompletionOption.ResponseHeadersRead);
        await using Stream stream = await answer.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[1];
        Assert.Equal(1, await stream.ReadAsync(buffer));
        _time.Advance(LoginMiddleware.LookPeriod);
        Task<int> more = stream.ReadAsync(buffer).AsTask();
        _revocations.Set(new Dictionary<string, DateTimeOffset> { ["ann"] = DateTimeOffset.UtcNow });
        Assert.False(more.IsCompleted);
        _time.Advance(LoginMiddleware.LookPeriod);
        await Assert.ThrowsAnyAsync<IOException>(() => more.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/")).StatusCode);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("http://evil.example")]
    public async Task Another_sites_page_logs_nobody_in(string origin)
    {
        using HttpClient http = await ServeAsync();
        http.DefaultRequestHeaders.Add("Origin", origin);
        HttpResponseMessage login = await LoginAsync(http, Token(Roles.Observer));
        Assert.Equal(HttpStatusCode.Forbidden, login.StatusCode);
        Assert.False(login.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Large_and_formless_logins_are_refused()
    {
        using HttpClient http = await ServeAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await LoginAsync(http, new string('a', 5000))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await http.PostAsync("/login", new StringContent("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await http.DeleteAsync("/login")).StatusCode);
    }

    private static Task<HttpResponseMessage> LoginAsync(HttpClient http, string token) =>
        http.PostAsync("/login", new FormUrlEncodedContent([KeyValuePair.Create("token", token)]));

    private string Token(Roles role) => _key.Issue(role, "ann", TimeSpan.FromHours(1), DateTimeOffset.UtcNow);

    private async Task<HttpClient> ServeAsync(bool asks = true)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore().AddSingleton<TimeProvider>(_time);
        builder.Services.AddSingleton(new Gatekeeper(
            asks ? new TokenVerifier([_key], TimeProvider.System, TimeSpan.Zero, _revocations) : null, new CallerLimits(new CallerLimitOptions(), TimeProvider.System), _audit));
        WebApplication server = builder.Build();
        _servers.Add(server);
        server.UseDdmLogin(new LoginOptions { Open = new HashSet<PathString> { "/health/live" } });
        server.Map("/", Who);
        server.Map("/dashboard/{**rest}", Who);
        server.MapPost("/draw", Who).RequireRoles(Roles.Submitter);
        server.Map("/health/live", () => "alive");
        server.Map("/endless", EndlessAsync);
        await server.StartAsync();
        return new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(server.Urls.First()) };

        static async Task EndlessAsync(HttpContext context)
        {
            await context.Response.WriteAsync("a", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }

        static string Who(HttpContext context) => $"{context.User.Identity!.Name} {context.User.FindFirst(LoginMiddleware.RoleClaim)!.Value}";
    }
}
