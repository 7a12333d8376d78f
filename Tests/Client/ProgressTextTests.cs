using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts.Runs;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class ProgressTextTests
{
    private static readonly RunEvent Event = new() { Kind = RunEventKind.Telemetry, Role = "expert-0", Step = 60, Steps = 600, Loss = 0.5, ImagesPerSecond = 5175 };

    [Theory]
    [InlineData(80, "expert-0  step 60/600  loss 0.5000  5175 images/s  1:05 left")]
    [InlineData(50, "expert-0  step 60/600  loss 0.5000  1:05 left")]
    [InlineData(40, "expert-0  step 60/600  1:05 left")]
    [InlineData(30, "expert-0  step 60/600")]
    [InlineData(5, "expert-0  step 60/600")]
    public void Figures_give_way_to_a_narrow_terminal_in_order(int room, string line) => Assert.Equal(line, ProgressText.Line(Event, 65, room));

    [Fact]
    public void Nothing_is_left_of_what_is_done() => Assert.DoesNotContain("left", ProgressText.Line(Event with { Step = 600 }, 0), StringComparison.Ordinal);
}
