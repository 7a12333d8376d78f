using OrleansDDM.Experiments.Reports;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Reports;

public sealed class IslandsSectionTests
{
    [Fact]
    public void Report_tells_of_islands_only_where_there_are_some()
    {
        RunReportContents contents = SampleContents.Of(2, "full");
        Assert.DoesNotContain("id=\"islands\"", RunReportPage.Write(contents), StringComparison.Ordinal);
        string page = RunReportPage.Write(contents with
        {
            Islands = [new IslandFacts("expert-0", "modest", 31, 7, 3, 101, 64_123, 1476, 747_800_000, 1_495_600_000, 23_438, 1_890_000, 5)],
        });
        Assert.Contains("id=\"islands\"", page, StringComparison.Ordinal);
        foreach (string figure in (string[])["modest", "31", "101", "64,123", "1,476", "747.8", "1,496", "23,438", "1.890"])
        {
            Assert.Contains($"<td>{figure}</td>", page, StringComparison.Ordinal);
        }
    }
}
