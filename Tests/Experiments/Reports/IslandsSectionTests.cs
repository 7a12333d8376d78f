using System.Xml.Linq;

using OrleansDDM.Experiments.Reports;
using OrleansDDM.Protocols.Topologies;

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

    [Fact]
    public void Facts_of_each_islands_graph_are_told_where_it_has_one()
    {
        RunReportContents contents = SampleContents.Of(2, "full");
        IslandFacts expert = new("expert-0", "dpsgd", 10, 0, 0, 5, 100, 90, 1000, 1000, 100, 2000, 0);
        Assert.DoesNotContain("Graphs of the islands", RunReportPage.Write(contents with { Islands = [expert] }), StringComparison.Ordinal);

        string[][] rows = Rows(RunReportPage.Write(contents with
        {
            Islands =
            [
                expert with { Graph = Facts("ring", 10) },
                expert with { Role = "expert-1" },
                expert with { Role = "expert-2", Graph = Facts("complete", 10) },
                expert with { Role = "expert-3", Graph = Facts("one-peer-exponential", 8) },
                expert with { Role = "router", Graph = Facts("star", 10) },
            ],
        }));

        Assert.Equal(
            [
                ["expert-0", "ring", "10", "10", "2", "0.8727", "0.1273", "26.18", "4.500"], // λ = 1/3 + 2/3 cos(2π/10)
                ["expert-2", "complete", "10", "45", "9", "0", "1.000", "4.500", "4.500"],
                ["expert-3", "one-peer-exponential", "8", "20", "5", "–", "–", "5.000", "3.554"],
                ["router", "star", "10", "9", "1 to 9", "0.9000", "0.1000", "9.000", "4.500"],
            ],
            rows);
    }

    private static TopologyFacts Facts(string kind, int peers) => TopologyFacts.Of(new TopologyPlan { Kind = kind }, peers);

    private static string[][] Rows(string page) =>
    [
        .. XDocument.Parse(page).Descendants("table").Single(t => t.Element("caption")!.Value == "Graphs of the islands")
            .Element("tbody")!.Elements("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()),
    ];
}
