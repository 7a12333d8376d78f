using Microsoft.Playwright;

using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Local.Faults;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>
/// The page on a real run: shapes, drawn and learned. With <c>DDM_SCREENSHOT=FILE</c> in the environment it also takes the picture for the README.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class LiveRunPageTests(TestBrowser browser)
{
    internal static readonly string? Screenshot = Environment.GetEnvironmentVariable("DDM_SCREENSHOT");

    [BrowserFact]
    public async Task Curves_grow_while_a_real_run_trains_and_samples_can_be_drawn_when_it_is_ready()
    {
        // Slow until the page has shown the curves growing: on a quick machine the run would else be over before the browser has drawn anything.
        using var pace = new FaultSwitch();
        pace.Set(new FaultPlan { StepMilliseconds = 20 });
        await using WebSilo silo = await WebSilo.StartAsync(new PacedLearning(new LearningRuntime(DatasetCatalog.Default([])), pace));
        await using OpenPage open = await OpenPage.OnAsync(browser, silo.Url, 1280, 1180);
        await silo.SubmitAsync(Shapes());
        await open.Until("path[data-series=expert-0]");
        int first = await PointsAsync(open);
        await open.UntilTrue("n => document.querySelector('path[data-series=expert-0]').getAttribute('d').split('L').length > n + 3", first);
        await open.Until(".slots li.busy:has-text('shapes/')");
        pace.Set(new FaultPlan());

        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Run shapes: ready" }).WaitForAsync();
        ILocator draw = open.Page.GetByRole(AriaRole.Button, new() { Name = "Draw samples" });
        await draw.ClickAsync();
        await open.Page.GetByText("Samples are drawn").WaitForAsync();
        await open.UntilTrue("() => { const i = document.querySelector('#samples'); return i.complete && i.naturalWidth > 100 && i.naturalHeight > 100; }");
        Assert.Equal("Samples that the ensemble of run shapes has drawn", await open.Page.Locator("#samples").GetAttributeAsync("alt"));

        // Who comes later, and reads the curves in one piece, sees the same as who has followed them.
        await using OpenPage later = await OpenPage.OnAsync(browser, silo.Url);
        await later.Until("path[data-series=expert-0]");
        await open.UntilTrue("n => document.querySelector('path[data-series=expert-0]').getAttribute('d').split('L').length === n", await PointsAsync(later));
        if (Screenshot is not null)
        {
            await open.Until("#samples:visible");
            await open.UntilTrue("() => document.querySelector('#samples').complete");
            await open.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Screenshot, FullPage = false });
        }
    }

    private static Task<int> PointsAsync(OpenPage open) =>
        open.Page.EvaluateAsync<int>("() => document.querySelector('path[data-series=expert-0]').getAttribute('d').split('L').length");

    // Small enough for seconds; for the picture, large enough to be worth looking at.
    private static RunSpec Shapes()
    {
        RunSpec demo = Presets.Demo with { Name = "shapes" };
        return Screenshot is not null ? demo with { Training = demo.Training with { Steps = 640 } } : demo with
        {
            Data = demo.Data with { ShapesCount = 200, ShapesSize = 8 },
            Experts = demo.Experts with { Count = 2 },
            Model = Tiny(demo.Model),
            Router = demo.Router with { Batch = 16, Model = Tiny(demo.Router.Model) },
            Clustering = demo.Clustering with { FineCentroids = 8, Dimensions = 4 },
            Training = demo.Training with { Steps = 6000, Batch = 16, CheckpointSeconds = 1 },
            Sampling = demo.Sampling with { Steps = 4 },
        };
    }

    private static ModelSpec Tiny(ModelSpec model) => model with { Kind = "dit", Patch = 4, Width = 16, Heads = 2, Depth = 1 };
}
