using Microsoft.Playwright;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>The page in a browser window. At its end it must have raised no error and asked nobody but its own silo.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    // A picture for the README is of a run that takes a while.
    public static readonly TimeSpan Patience = LiveRunPageTests.Screenshot is null ? TimeSpan.FromSeconds(60) : TimeSpan.FromMinutes(8);

    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];
    private readonly List<string> _strangers = [];

    private OpenPage(IBrowserContext context, IPage page, string url)
    {
        _context = context;
        Page = page;
        Url = url;
        page.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        page.PageError += (_, error) => _errors.Add(error);
        page.Console += (_, message) => Note(message);
        page.Request += (_, request) => NoteStranger(request.Url);
    }

    public IPage Page { get; }

    public string Url { get; }

    /// <summary>Whether the silo is meant to go away, which a browser counts as an error.</summary>
    public bool SiloGoes { get; set; }

    /// <param name="token">What to type into the login; null = nobody is asked who he is.</param>
    public static async Task<OpenPage> OnAsync(
        TestBrowser browser, string url, int width = 1280, int height = 900, BrowserNewContextOptions? options = null, string? token = null)
    {
        options ??= new BrowserNewContextOptions();
        options.ViewportSize = new ViewportSize { Width = width, Height = height };
        IBrowserContext context = await browser.NewContextAsync(options);
        var open = new OpenPage(context, await context.NewPageAsync(), url);
        await open.Page.GotoAsync(url);
        if (token is not null)
        {
            await open.Page.GetByLabel("Token").FillAsync(token);
            await open.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        }

        await open.Until("#link.live");
        return open;
    }

    /// <summary>Waits until something is there.</summary>
    public Task Until(string selector) => Page.Locator(selector).First.WaitForAsync();

    /// <summary>Waits until an expression holds in the page.</summary>
    public Task UntilTrue(string expression, object? argument = null) => Page.WaitForFunctionAsync(expression, argument);

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        Assert.Empty(_strangers);
        Assert.Empty(_errors);
    }

    private void Note(IConsoleMessage message)
    {
        if (message.Type is "error" or "warning" && !(SiloGoes && message.Text.Contains("ERR_", StringComparison.Ordinal)))
        {
            _errors.Add(message.Text);
        }
    }

    private void NoteStranger(string url)
    {
        if (!url.StartsWith(Url, StringComparison.Ordinal) && !url.StartsWith("data:", StringComparison.Ordinal))
        {
            _strangers.Add(url);
        }
    }
}
