using System.Text.Json;

using Microsoft.Playwright;

using OrleansDDM.Silos.Web;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>The page in a browser, on a silo whose runs stand still where a test needs them to.</summary>
[Collection(BrowserCollection.Name)]
public sealed class PageTests(TestBrowser browser) : IAsyncLifetime
{
    private readonly FakeRuntime _runtime = new();
    private WebSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await WebSilo.StartAsync(_runtime);

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [BrowserFact]
    public async Task A_run_in_training_is_shown_with_its_models_their_places_and_its_end()
    {
        HoldAt(20);
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url);
        await open.Page.GetByText("Nothing has been submitted yet.").WaitForAsync();
        await _silo.SubmitAsync(WebSilo.Spec("digits"));
        await open.UntilTrue("() => [...document.querySelectorAll('#models tr')].filter(r => r.textContent.includes('20 / 40')).length === 3");
        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Run digits: training" }).WaitForAsync();
        string[] places = [.. (await open.Page.Locator("#models tr td:last-child").AllInnerTextsAsync()).Order(StringComparer.Ordinal)];
        Assert.All(places, place => Assert.Matches("slot [01]$", place));
        await open.UntilTrue("() => document.querySelector('#silos').textContent.includes('digits/router')");
        Assert.NotEqual(0, await open.Page.Locator(".chart circle").CountAsync());
        LetGo();
        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Run digits: ready" }).WaitForAsync();
        await open.UntilTrue("() => document.querySelector('#announce').textContent === 'Run digits is ready'");
        await open.Until("#timeline li:has-text('router is trained')");
        Assert.Equal(3, await open.Page.Locator("#artifacts tr:has-text('weights')").CountAsync());
        Assert.Equal("digits: ready – OrleansDDM", await open.Page.TitleAsync());
    }

    [BrowserFact]
    public async Task A_fault_is_told_and_what_it_says_is_text_only()
    {
        const string evil = "<img src=x onerror=alert(1)> & \"so on\"";
        _runtime.BeforeStep = (_, step, _) => step < 10 ? true : throw new InvalidOperationException(evil);
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url);
        await _silo.SubmitAsync(WebSilo.Spec("broken"));
        await open.Until("#timeline li.bad:has-text('Fault')");
        await open.Until("#run-message:has-text('onerror')");
        Assert.Contains(evil, await open.Page.Locator("#run-message").InnerTextAsync(), StringComparison.Ordinal);
        await open.UntilTrue("() => document.querySelector('#announce').textContent.length > 0");
        Assert.Equal(0, await open.Page.Locator("main img[src=x]").CountAsync());
    }

    [BrowserFact]
    public async Task Keyboard_alone_reaches_everything_in_order_and_sees_where_it_is()
    {
        await _silo.SubmitAsync(WebSilo.Spec("one"));
        await _silo.SubmitAsync(WebSilo.Spec("two"));
        await _silo.SettledAsync("one");
        await _silo.SettledAsync("two");
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url);
        await open.Until("#draw:visible");
        await open.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await Focused(open));
        Assert.True(await open.Page.Locator(".skip").IsVisibleAsync());
        var order = new List<string>();
        for (string at = await Focused(open); at.Length > 0 && order.Count < 100; at = await Focused(open))
        {
            order.Add(at);
            Assert.True(await open.Page.EvaluateAsync<bool>("() => getComputedStyle(document.activeElement).outlineStyle !== 'none'"), at);
            await open.Page.Keyboard.PressAsync("Tab");
        }

        string[] expected =
        [
            "Skip to content", "Runs", "Loss", "Models", "Samples", "Artifacts", "Silos", "Timeline", "Orleans Dashboard", "one", "two",
            "Loss as a table", "Models", "Draw samples", "9 artifacts", "Show checkpoints", "Metrics", "Health",
        ];
        Assert.Equal(expected, order.Select(name => name.Split(',')[0]));

        // Enter on a run shows it, and the focus stays where it was, though the list is told anew every second.
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "two", Exact = true }).FocusAsync();
        await open.Page.Keyboard.PressAsync("Enter");
        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Run two: ready" }).WaitForAsync();
        Assert.Equal("two", await Focused(open));
        Assert.Equal("true", await open.Page.GetByRole(AriaRole.Link, new() { Name = "two", Exact = true }).GetAttributeAsync("aria-current"));
        await open.Page.Locator("#checkpoints").FocusAsync();
        await open.Page.Keyboard.PressAsync("Space");
        await open.Until("#timeline li:has-text('checkpoint at step')");
    }

    [BrowserFact]
    public async Task Screen_reader_finds_landmarks_headings_names_and_alternatives()
    {
        await _silo.SubmitAsync(WebSilo.Spec("digits"));
        await _silo.SettledAsync("digits");
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url);
        await open.Until("#timeline li");
        await open.Until(".chart");
        string tree = await open.Page.Locator("body").AriaSnapshotAsync();
        Assert.All(
            new[]
            {
                "- banner:", "- navigation \"Sections\":", "- main:", "- contentinfo:", "- heading \"OrleansDDM\" [level=1]", "- heading \"Runs\" [level=2]",
                "- heading \"Silos and devices\" [level=2]", "- heading \"Timeline\" [level=2]", "- status: Live", "region \"Run digits: ready\"",
                "- columnheader \"Validation\"", "- rowheader \"expert-0\"", "- progressbar \"Steps of digits\"", "- list \"Events, newest first\":",
            },
            part => Assert.Contains(part, tree, StringComparison.Ordinal));
        string[] nameless = await open.Page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('a, button, input, summary, img:not([hidden]), [role=region], progress, figure svg[role=img]')]
              .filter(e => e.checkVisibility() && !(e.ariaLabel || e.alt || e.labels?.[0]?.textContent.trim() || e.textContent.trim()
                || document.getElementById(e.getAttribute('aria-labelledby')?.split(' ')[0])?.textContent.trim()))
              .map(e => e.outerHTML.slice(0, 80))
            """);
        Assert.Empty(nameless);
        Assert.Equal("en", await open.Page.Locator("html").GetAttributeAsync("lang"));
        Assert.Matches(@"expert-0 .+ at step 40; expert-1", await open.Page.Locator("figure svg desc").First.TextContentAsync() ?? string.Empty);
    }

    [BrowserTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Every_text_stands_out_from_its_ground_in_both_schemes(ColorScheme scheme)
    {
        _runtime.BeforeStep = (_, step, _) => step < 30 ? true : throw new InvalidOperationException("no luck");
        await _silo.SubmitAsync(WebSilo.Spec("broken"));
        await _silo.SettledAsync("broken");
        _runtime.BeforeStep = (_, _, _) => true;
        await _silo.SubmitAsync(WebSilo.Spec("good"));
        await _silo.SettledAsync("good");
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url, options: new BrowserNewContextOptions { ColorScheme = scheme });
        await open.Until("#timeline li.bad");
        await open.Until(".chart");
        Assert.Empty(await open.Page.EvaluateAsync<string[]>(Contrast));
        Assert.Equal(
            scheme == ColorScheme.Dark,
            await open.Page.EvaluateAsync<bool>("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every(v => v < 128)"));
    }

    [BrowserFact]
    public async Task A_phone_shows_all_of_it_without_scrolling_sideways()
    {
        await _silo.SubmitAsync(WebSilo.Spec("a-rather-long-name-of-a-run-that-somebody-chose", experts: 4));
        await _silo.SettledAsync("a-rather-long-name-of-a-run-that-somebody-chose");
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url, 360, 740, new BrowserNewContextOptions { IsMobile = true, HasTouch = true });
        await open.Until("#timeline li");
        await open.Until(".chart");
        JsonElement size = await open.Page.EvaluateAsync<JsonElement>("() => ({ width: document.documentElement.scrollWidth, window: innerWidth })");
        Assert.Equal((360, 360), (size.GetProperty("width").GetInt32(), size.GetProperty("window").GetInt32()));
        Assert.Empty(await open.Page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('body *')].filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.scroll, .hidden-visually, .skip'))
              .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))
            """));

        // WCAG 2.2, 2.5.8: targets of at least 24 by 24 pixels.
        Assert.Empty(await open.Page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('a, button, input, summary')].filter(e => e.checkVisibility() && !e.classList.contains('skip'))
              .map(e => [e, (e.labels?.[0] ?? e).getBoundingClientRect()]).filter(([, r]) => r.height < 24 || r.width < 24)
              .map(([e, r]) => `${e.outerHTML.slice(0, 60)} ${r.width} x ${r.height}`)
            """));
    }

    [BrowserFact]
    public async Task Nothing_moves_for_who_wants_it_so()
    {
        HoldAt(10);
        await _silo.SubmitAsync(WebSilo.Spec("digits"));
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url, options: new BrowserNewContextOptions { ReducedMotion = ReducedMotion.Reduce });
        await open.Until("#models tr");
        LetGo();
        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Run digits: ready" }).WaitForAsync();
        Assert.Equal(0, await open.Page.EvaluateAsync<int>("() => document.getAnimations().length"));
        Assert.Empty(await open.Page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('*')].filter(e => ['', '::before', '::after'].some(p => {
              const s = getComputedStyle(e, p || null);
              return s.animationName !== 'none' || s.transitionDuration.split(',').some(d => parseFloat(d) > 0); })).map(e => e.tagName)
            """));
    }

    [BrowserFact]
    public async Task A_silo_that_goes_is_told_and_its_return_brings_the_page_back()
    {
        await using OpenPage open = await OpenPage.OnAsync(browser, _silo.Url);
        open.SiloGoes = true;
        WebUrl url = WebUrl.Parse(_silo.Url)!;
        await _silo.DisposeAsync();
        await open.Until("#link.lost");
        Assert.Equal("Connection lost, trying again", await open.Page.Locator("#link").InnerTextAsync());
        _silo = await WebSilo.StartAsync(_runtime, url);
        await open.Until("#link.live");
        await _silo.SubmitAsync(WebSilo.Spec("again"));
        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Run again" }).WaitForAsync();
    }

    // Contrast by WCAG 2.2, 1.4.3, of every text that is seen against the first ground behind it.
    private const string Contrast =
        """
        () => {
          const rgb = c => (c.match(/[\d.]+/g) ?? []).map(Number);
          const lum = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
          const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
          const bad = [];
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let n = walk.nextNode(); n; n = walk.nextNode()) {
            const e = n.parentElement, s = getComputedStyle(e);
            if (!n.data.trim() || !e.checkVisibility({ visibilityProperty: true }) || e.closest('title, desc, .hidden-visually, .skip, button:disabled')) continue;
            const a = lum(rgb(e instanceof SVGElement ? s.fill : s.color)), b = lum(ground(e));
            const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
            if (ratio < 4.5) bad.push(`${n.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
          }
          return bad;
        }
        """;

    private static Task<string> Focused(OpenPage open) => open.Page.EvaluateAsync<string>(
        """
        () => {
          const e = document.activeElement;
          return e === document.body ? '' : (e.ariaLabel || document.getElementById(e.getAttribute('aria-labelledby'))?.textContent || e.labels?.[0]?.textContent || e.textContent).trim();
        }
        """);

    private void HoldAt(int step) => _runtime.BeforeStep = (_, at, cancellation) =>
        at < step || (cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1)) & false);

    private void LetGo() => _runtime.BeforeStep = (_, _, _) => true;
}
