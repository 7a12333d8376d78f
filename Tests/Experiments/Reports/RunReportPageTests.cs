using System.Text.RegularExpressions;
using System.Xml.Linq;

using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Reports;

public class RunReportPageTests
{
    private static readonly string[] Rules = [.. Presets.AllRules];

    [Fact]
    public void Page_is_well_formed_and_needs_nothing_from_outside()
    {
        string html = RunReportPage.Write(SampleContents.Of(4, Rules));

        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", html, StringComparison.Ordinal);
        XElement page = Parse(html);
        Assert.DoesNotContain("://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", html, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", html, StringComparison.Ordinal);
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("link"));
        Assert.All(page.Descendants().Attributes("src"), a => Assert.StartsWith("data:image/png;base64,", a.Value, StringComparison.Ordinal));
        Assert.All(page.Descendants().Attributes("href"), a => Assert.Contains(page.Descendants().Attributes("id"), id => "#" + id.Value == a.Value));
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_of_html_have_end_tags_and_ids_are_unique()
    {
        string html = RunReportPage.Write(SampleContents.Of(4, Rules));

        string[] closed = [.. Regex.Matches(html, @"<([a-z0-9]+)[^<>]*/>").Select(m => m.Groups[1].Value).Distinct()];
        Assert.Empty(closed.Except(["meta", "img", "path", "line", "rect", "circle"]));
        string[] ids = [.. Parse(html).Descendants().Attributes("id").Select(a => a.Value)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public void Pictures_and_charts_say_in_words_what_they_show()
    {
        XElement page = Parse(RunReportPage.Write(SampleContents.Of(4, Rules)));

        Assert.Equal(2, page.Descendants("img").Count(i => i.Attribute("alt")?.Value.Length > 20));
        Assert.NotEmpty(page.Descendants("svg"));
        Assert.All(page.Descendants("svg"), svg => Assert.False(string.IsNullOrEmpty(svg.Attribute("aria-label")?.Value)));
        Assert.All(page.Descendants("table"), table => Assert.False(string.IsNullOrEmpty(table.Element("caption")?.Value)));
        Assert.All(page.Descendants("th"), th => Assert.True(th.Attribute("scope")?.Value is "row" or "col"));
    }

    [Fact]
    public void Table_of_rules_has_every_rule_with_its_figures()
    {
        RunReportContents contents = SampleContents.Of(4, Rules);

        string[][] rows = RowsOf(Parse(RunReportPage.Write(contents)), "Each mixing rule");

        Assert.Equal(Rules.Length, rows.Length);
        for (int i = 0; i < Rules.Length; i++)
        {
            RuleResult rule = contents.Evaluation.Rules[i];
            Assert.StartsWith(Rules[i], rows[i][0], StringComparison.Ordinal);
            Assert.Equal(
                [
                    Figures.Number(41.07 + i), "6.214", "1.618", "0.713", "0.537", "4.3\u00A0%", "82.3\u00A0%", "2 of 3",
                    rule.Loss is null ? "–" : Figures.Number(0.14301 + 0.001 * i),
                ],
                rows[i][1..10]);
            Assert.Equal([Figures.Number(0.0123 + 0.001 * i, 3), Figures.Number(31.7 + i, 3)], rows[i][11..]);
        }
    }

    [Fact]
    public void Figures_stand_beside_their_counts_and_feature_space()
    {
        XElement page = Parse(RunReportPage.Write(SampleContents.Of(4, Rules)));

        string headline = Section(page, "headline").Value;
        Assert.Contains("41.07", headline, StringComparison.Ordinal);
        Assert.Contains($"2,001 samples against 10,003 training images, in feature space {SampleContents.Space}", headline, StringComparison.Ordinal);
        Assert.Contains("6.214", headline, StringComparison.Ordinal);
        Assert.Contains("2,007 real test images", headline, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\bFID\b", page.Value);
    }

    [Fact]
    public void Rule_that_uses_labels_is_flagged_and_never_the_best()
    {
        RunReportContents contents = SampleContents.Of(4, "oracle", "full", "top-1"); // distances ascend: the oracle has the lowest

        XElement page = Parse(RunReportPage.Write(contents));

        Assert.Contains("Best mixing rulefull", Section(page, "headline").Value, StringComparison.Ordinal);
        string[][] rows = RowsOf(page, "Each mixing rule");
        Assert.Equal(["oracleuses labels", "fullbest", "top-1"], rows.Select(r => r[0]));
    }

    [Fact]
    public void Distance_that_is_not_a_number_is_shown_as_none_and_never_the_best()
    {
        RunReportContents contents = SampleContents.Of(4, "full", "top-1");
        RuleResult broken = contents.Evaluation.Rules[0] with { Samples = SampleContents.Judged(double.NaN), Loss = double.NaN, LossPerStratum = [double.NaN, 1, 2] };
        contents = contents with { Evaluation = contents.Evaluation with { Rules = [broken, contents.Evaluation.Rules[1]] } };

        string html = RunReportPage.Write(contents);

        XElement page = Parse(html);
        Assert.Contains("Best mixing ruletop-1", Section(page, "headline").Value, StringComparison.Ordinal);
        Assert.Equal("–", RowsOf(page, "Each mixing rule")[0][1]);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_loss_has_its_reason()
    {
        RunReportContents contents = SampleContents.Of(4, "full", "sticky-prior");
        RuleResult unmeasured = contents.Evaluation.Rules[0] with { Loss = null, LossPerStratum = null, LossImages = 0 };
        contents = contents with { Evaluation = contents.Evaluation with { Rules = [unmeasured, contents.Evaluation.Rules[1]] } };

        string rules = Section(Parse(RunReportPage.Write(contents)), "rules").Value;

        Assert.Contains("No loss for sticky-prior: a rule that draws experts at random", rules, StringComparison.Ordinal);
        Assert.Contains("No loss for full: not measured", rules, StringComparison.Ordinal);
    }

    [Fact]
    public void Folded_tables_hold_the_figures_of_the_charts()
    {
        XElement page = Parse(RunReportPage.Write(SampleContents.Of(4, "full", "top-2")));

        Assert.Equal(["full", "0.3102", "0.1203", "0.0604"], RowsOf(page, "Mean squared error per value")[0].Select(Trim));
        Assert.Equal(["T-shirt", "Bag"], Section(page, "clustering").Descendants("thead").Single().Descendants("th").Select(h => h.Value).Skip(3));
        Assert.Equal(["3", "1,009", "25.1\u00A0%", "901", "108"], RowsOf(page, "Training images of each cluster")[3]);
        Assert.Equal(["0", "90", "3", "3", "3"], RowsOf(page, "t = 0.25")[0]);
        Assert.Equal(["0.750", "40.0\u00A0%", "400"], RowsOf(page, "Router accuracy")[1]);
        Assert.Equal(["2", "0.25", "0.25"], RowsOf(page, "Mean weight over all steps")[2].Select(cell => cell.TrimEnd('0')));
        Assert.Equal(["expert-0", "loss/train", "3", "30", "2.5", "0.2", "2.5", "0.2"], RowsOf(page, "First, best and last")[0].Select(Trim));
    }

    [Fact]
    public void Identity_environment_and_spec_are_there()
    {
        RunReportContents contents = SampleContents.Of(4, "full");

        XElement page = Parse(RunReportPage.Write(contents));

        Assert.Equal("a-run", page.Descendants("h1").Single().Value);
        Assert.Contains(contents.SpecHash, page.Element("body")!.Element("header")!.Value, StringComparison.Ordinal);
        Assert.Equal(SpecJson.Write(contents.Spec), page.Descendants("pre").Single().Value);
        string environment = Section(page, "environment").Value;
        Assert.Contains(Environment.ProcessorCount.ToString(), environment, StringComparison.Ordinal);
        Assert.Matches(@"\.NET 10\.\d", environment);
        Assert.Matches(@"libtorch2\.\d+\.\d", environment);
        Assert.DoesNotContain(Environment.MachineName, environment, StringComparison.Ordinal);
        Assert.DoesNotContain(AppContext.BaseDirectory, page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Same_contents_give_the_same_page() =>
        Assert.Equal(RunReportPage.Write(SampleContents.Of(4, Rules)), RunReportPage.Write(SampleContents.Of(4, Rules)));

    [Fact]
    public void Hostile_names_stay_text()
    {
        const string Hostile = "</style><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";
        RunReportContents contents = SampleContents.Of(2, "full", Hostile);
        contents = contents with
        {
            Spec = contents.Spec with { Name = Hostile, Data = contents.Spec.Data with { Name = Hostile } },
            SpecHash = Hostile,
            ClusterReport = SampleContents.Clusters(2, [Hostile, "control \u0001 and half a pair \uD800"]),
            Curves = [new Curve(Hostile, "loss/train", [1, 2], [1, 2])],
        };

        string html = RunReportPage.Write(contents);

        XElement page = Parse(html);
        Assert.Equal(Hostile, page.Descendants("h1").Single().Value);
        Assert.Contains(Hostile, Section(page, "clustering").Value, StringComparison.Ordinal);
        Assert.Contains("control \uFFFD and half a pair \uFFFD", page.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img src=x", html, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(html, "</style>"));
        Assert.DoesNotMatch("[<>&]", page.Descendants("style").Single().Value);
    }

    [Fact]
    public void One_expert_has_no_router_and_no_expert_use()
    {
        XElement page = Parse(RunReportPage.Write(SampleContents.Of(1, "full")));

        Assert.DoesNotContain(page.Descendants("section"), s => s.Attribute("id")!.Value is "router" or "use");
        Assert.Contains("a monolith", page.Value, StringComparison.Ordinal);
        Assert.Single(RowsOf(page, "Each mixing rule"));
    }

    [Fact]
    public void Sixty_four_experts_fit()
    {
        string html = RunReportPage.Write(SampleContents.Of(64, Rules));

        XElement page = Parse(html);
        Assert.Contains("median of 64", Section(page, "training").Value, StringComparison.Ordinal);
        Assert.Equal(64, RowsOf(page, "Training images of each cluster").Length);
        Assert.Contains("metrics.json", Section(page, "router").Value, StringComparison.Ordinal);
        Assert.True(html.Length < 2_000_000, $"{html.Length} characters");
    }

    [Fact]
    public void Missing_parts_leave_gaps()
    {
        RunReportContents contents = SampleContents.Of(4, "full", "sticky-prior");
        contents = contents with
        {
            Curves = [],
            Samples = [],
            Clusters = null!,
            ClusterReport = SampleContents.Clusters(4, null),
            Evaluation = contents.Evaluation with
            {
                Rules = [.. contents.Evaluation.Rules.Select(r => r with { Samples = null, Loss = null, LossPerStratum = null, LossImages = 0, ExpertUse = [] })],
                Router = [],
                NotJudged = "images are odd",
            },
        };

        XElement page = Parse(RunReportPage.Write(contents));

        Assert.Contains("compared with real images: images are odd.", Section(page, "rules").Value, StringComparison.Ordinal);
        Assert.Contains("No samples were judged", Section(page, "headline").Value, StringComparison.Ordinal);
        Assert.Contains("no training curves", Section(page, "training").Value, StringComparison.Ordinal);
        Assert.Contains("no labels", Section(page, "clustering").Value, StringComparison.Ordinal);
        Assert.Empty(page.Descendants("img"));
        Assert.Equal(Enumerable.Repeat("–", 10), RowsOf(page, "Each mixing rule")[0][1..11]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("{\"sizes\":[]}")]
    [InlineData("{\"method\":\"features\",\"sizes\":[3,4],\"labels\":[[3]],\"classes\":[\"a\"]}")]
    [InlineData("{\"method\":null,\"sizes\":[3,4],\"labels\":[null,[1]],\"classes\":[null]}")]
    public void Damaged_clustering_report_does_not_cost_the_page(string report)
    {
        XElement page = Parse(RunReportPage.Write(SampleContents.Of(4, "full") with { ClusterReport = report }));

        Assert.Matches("no report of its clustering|no labels", Section(page, "clustering").Value);
    }

    [Fact]
    public void Nothing_evaluated_still_gives_a_page()
    {
        RunReportContents contents = SampleContents.Of(4);

        Assert.Contains("No mixing rule was evaluated", Parse(RunReportPage.Write(contents)).Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fashion-mnist", "fashion-mnist")]
    [InlineData("/home/someone/pictures/cats/", "cats")]
    [InlineData("C:\\pictures\\cats", "cats")]
    [InlineData("/", "/")]
    public void Data_set_given_as_a_path_is_named_by_its_last_part(string name, string shown)
    {
        RunReportContents contents = SampleContents.Of(4, "full");
        contents = contents with { Spec = contents.Spec with { Data = contents.Spec.Data with { Name = name } } };

        string html = RunReportPage.Write(contents);
        XElement header = Parse(html).Element("body")!.Element("header")!;

        Assert.DoesNotContain("someone", html, StringComparison.Ordinal);
        Assert.StartsWith(shown + ", ", header.Descendants("dd").First().Value, StringComparison.Ordinal);
    }

    private static string Trim(string cell) => cell.Contains('.', StringComparison.Ordinal) ? cell.TrimEnd('0') : cell;

    private static XElement Parse(string html) => XDocument.Parse(html).Root!;

    private static XElement Section(XElement page, string id) => page.Descendants("section").Single(s => s.Attribute("id")?.Value == id);

    private static string[][] RowsOf(XElement page, string caption) =>
    [
        .. page.Descendants("table").Single(t => t.Element("caption")!.Value.StartsWith(caption, StringComparison.Ordinal))
            .Element("tbody")!.Elements("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()),
    ];
}
