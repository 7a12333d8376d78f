using Microsoft.Extensions.Logging;

using Microsoft.Playwright;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Local.Faults;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Web;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Silos.Security;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>The page of a silo among others, on PostgreSQL.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ClusterPageTests(TestBrowser browser) : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly FakeRuntime _runtime = new();

    public void Dispose() => _folder.Dispose();

    [ClusterBrowserFact]
    public async Task Every_silo_shows_all_silos_and_tells_when_one_goes()
    {
        string database = await TestPostgres.InstalledAsync();
        await using ClusterSilo a = await StartAsync(database, "silo-a");
        ClusterSilo b = await StartAsync(database, "silo-b");
        await using OpenPage open = await OpenPage.OnAsync(browser, a.Info.HttpUrl!);
        await open.UntilTrue("() => [...document.querySelectorAll('#silos > li')].filter(s => s.textContent.includes('slot 1: free')).length === 2");
        Assert.Equal(["silo-a", "silo-b"], await open.Page.Locator("#silos h3").AllInnerTextsAsync());
        Assert.Contains("serves this page", await open.Page.Locator("#silos > li").First.InnerTextAsync(), StringComparison.Ordinal);
        await b.Client.GetGrain<IRunGrain>(GrainKeys.Run("shared")).SubmitAsync(SpecJson.Write(WebSilo.Spec("shared", experts: 4)));
        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Run shared: ready" }).WaitForAsync();
        await open.Page.Locator("#artifacts-facts").ClickAsync();
        await open.Until("#artifacts tr:has-text('weights') >> text=2: silo-a, silo-b");
        using var http = new HttpClient();
        Assert.Contains("\"silos\":{\"status\":\"healthy\"", await http.GetStringAsync(new Uri(a.Info.HttpUrl + "/health/ready")), StringComparison.Ordinal);

        await b.DisposeAsync();
        await open.Until("#timeline li.bad:has-text('Silo silo-b is dead')");
        await open.Until("#silos > li:has-text('silo-b') .fact.bad:has-text('dead')");
        await open.UntilTrue("() => document.querySelector('#announce').textContent === 'Silo silo-b is dead'");
        using HttpResponseMessage alone = await http.GetAsync(new Uri(a.Info.HttpUrl + "/health/ready"));
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, alone.StatusCode);
        Assert.Contains("1 of 2 silos are active", await alone.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [ClusterBrowserFact]
    public async Task Artifacts_that_lack_a_copy_are_told_by_page_and_health_until_they_have_it()
    {
        string database = await TestPostgres.InstalledAsync();
        FaultSwitch.Write(_folder.File("faults"), "silo-b", new FaultPlan { DiskFull = true });
        await using ClusterSilo a = await StartAsync(database, "silo-a");
        await using ClusterSilo b = await StartAsync(database, "silo-b");
        await using OpenPage open = await OpenPage.OnAsync(browser, a.Info.HttpUrl!);
        await open.Until("#under-replicated:has-text('All artifacts have their copies')");
        await a.Client.GetGrain<IRunGrain>(GrainKeys.Run("shared")).SubmitAsync(SpecJson.Write(WebSilo.Spec("shared", experts: 2)));
        await open.Until("#under-replicated.bad:has-text('too few copies')");
        using var http = new HttpClient();
        string health = await http.GetStringAsync(new Uri(a.Info.HttpUrl + "/health/ready"));
        Assert.Contains("\"replication\":{\"status\":\"degraded\"", health, StringComparison.Ordinal);

        FaultSwitch.Write(_folder.File("faults"), "silo-b", new FaultPlan());
        await open.Until("#under-replicated:has-text('All artifacts have their copies')");
        await Until.HoldsAsync(async () => (await http.GetStringAsync(new Uri(a.Info.HttpUrl + "/health/ready"))).Contains("\"replication\":{\"status\":\"healthy\"", StringComparison.Ordinal));
    }

    [ClusterBrowserFact]
    public async Task Token_that_is_typed_into_the_login_opens_the_page_and_another_does_not()
    {
        using var ring = new Keyring(_folder);
        await using ClusterSilo silo = await StartAsync(await TestPostgres.InstalledAsync(), "silo-a", new SecurityPlan { TokenKeys = [ring.Public] });
        string token = await File.ReadAllTextAsync(ring.Token(Roles.Observer));
        await using (OpenPage open = await OpenPage.OnAsync(browser, silo.Info.HttpUrl!, token: token))
        {
            Assert.Equal("/", new Uri(open.Page.Url).AbsolutePath);
            BrowserContextCookiesResult cookie = Assert.Single(await open.Page.Context.CookiesAsync());
            Assert.Equal((LoginMiddleware.Cookie, true, SameSiteAttribute.Strict), (cookie.Name, cookie.HttpOnly, cookie.SameSite));
        }

        await using IBrowserContext stranger = await browser.NewContextAsync(new BrowserNewContextOptions());
        IPage page = await stranger.NewPageAsync();
        await page.GotoAsync(silo.Info.HttpUrl!);
        await page.GetByLabel("Token").FillAsync("ddm1:admin:eve");
        await page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await page.GetByRole(AriaRole.Alert).WaitForAsync();
        Assert.Contains("is no token", await page.GetByRole(AriaRole.Alert).InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(await stranger.CookiesAsync());
    }

    private Task<ClusterSilo> StartAsync(string database, string name, SecurityPlan? security = null) => ClusterSilo.StartAsync(
        new ClusterSiloOptions
        {
            Connection = database,
            Name = name,
            Folder = _folder,
            Slots = 2,
            Slice = TimeSpan.FromMilliseconds(50),
            ExpectedSilos = 2,
            FaultsFolder = _folder.File("faults"),
            LogLevel = LogLevel.None,
            Security = security ?? new SecurityPlan(),
        },
        _runtime);

    /// <summary>A fact that needs a browser and PostgreSQL.</summary>
    internal sealed class ClusterBrowserFactAttribute : FactAttribute
    {
        public ClusterBrowserFactAttribute() => Skip = new BrowserFactAttribute().Skip ?? TestPostgres.Absent;
    }
}
