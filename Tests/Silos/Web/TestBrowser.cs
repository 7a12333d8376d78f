using Microsoft.Playwright;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>One headless Chromium for all tests of its collection.</summary>
public sealed class TestBrowser : IAsyncLifetime
{
    private static readonly string[] Candidates =
        [Environment.GetEnvironmentVariable("DDM_CHROMIUM") ?? string.Empty, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>The browser's program; null = none is installed.</summary>
    public static string? Program { get; } = Candidates.FirstOrDefault(File.Exists);

    public async Task InitializeAsync()
    {
        if (Program is not null)
        {
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = ["--no-sandbox"] });
        }
    }

    public async Task DisposeAsync()
    {
        await (_browser?.CloseAsync() ?? Task.CompletedTask);
        _playwright?.Dispose();
    }

    /// <summary>A window of its own: no cookies, no cache.</summary>
    internal Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions options) => _browser!.NewContextAsync(options);
}

/// <summary>The tests that share the browser; one after the other, as each of them keeps both cores busy.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<TestBrowser>
{
    public const string Name = "browser";
}

/// <summary>A fact that needs a browser.</summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = TestBrowser.Program is null ? "Chromium is not installed (Debian: apt-get install chromium)." : null;
}

/// <summary>A theory that needs a browser.</summary>
internal sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = TestBrowser.Program is null ? "Chromium is not installed (Debian: apt-get install chromium)." : null;
}
