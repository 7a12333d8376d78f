using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Runs;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>Progress as plain lines.</summary>
public sealed class PlainProgressTests
{
    [Fact]
    public void A_run_that_follows_another_is_shown_although_its_models_have_the_same_names()
    {
        using var output = new StringWriter();
        var progress = new PlainProgress(output, TimeProvider.System);
        progress.Begin([]);
        progress.Show(Telemetry(step: 10));
        progress.Show(new RunEvent { Kind = RunEventKind.Done, Role = "expert-0", Step = 100, ValidationLoss = 0.5 });
        progress.Show(Telemetry(step: 100));
        progress.Begin([]);
        progress.Show(Telemetry(step: 20));
        progress.Show(Telemetry(step: 21)); // too soon to be shown
        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Contains("10/100", lines[0], StringComparison.Ordinal);
        Assert.Contains("expert-0 done", lines[1], StringComparison.Ordinal);
        Assert.Contains("20/100", lines[2], StringComparison.Ordinal);
    }

    private static RunEvent Telemetry(int step) => new() { Kind = RunEventKind.Telemetry, Role = "expert-0", Step = step, Steps = 100, Loss = 1, ImagesPerSecond = 5 };
}
