using System.Text.Json.Nodes;

using OrleansDDM.Experiments.Compare;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Compare;

public sealed class CompareFindingsTests
{
    // Distances of a world in which the paper is right, and sticky-prior's gain is only the knowledge of the cluster.
    private static double PaperIsRight(string arm, string rule) => (arm, rule) switch
    {
        ("ddm-4-features", "top-2") => 5,
        ("ddm-4-features", "sticky-prior") => 6.5,
        ("ddm-4-features", _) => 7,
        ("ddm-4-random", _) => 12,
        ("monolith-told-4", _) => 6.4,
        _ => 10,
    };

    private static double LowerLoss(string arm) => arm == "ddm-4-features" ? 0.20 : 0.25;

    [Theory]
    [InlineData("G1/K=4", "holds")]
    [InlineData("G2/K=4", "holds")]
    [InlineData("G3/K=4", "holds")]
    [InlineData("G4/K=4", "holds")]
    [InlineData("G5/K=4", "fails")]
    public void Gates_follow_from_the_numbers(string id, string verdict) =>
        Assert.Equal(verdict, Findings(PaperIsRight, LowerLoss).Gates.Single(g => g.Id == id).Verdict);

    [Fact]
    public void Nothing_holds_where_all_arms_are_alike()
    {
        CompareFindings findings = Findings((_, _) => 10, _ => 0.25);
        Assert.Equal(5, findings.Gates.Count);
        Assert.All(findings.Gates, g => Assert.Equal("fails", g.Verdict));
    }

    [Fact]
    public void A_difference_within_two_deviations_does_not_count()
    {
        // Seeds differ by 0.2, so one standard deviation is 0.1414.
        double Near(string arm, string rule) => rule == "top-1" ? 10 - 0.28 : 10;
        double Far(string arm, string rule) => rule == "top-1" ? 10 - 0.29 : 10;
        Assert.Equal("fails", Findings(Near, LowerLoss).Gates.Single(g => g.Id == "G1/K=4").Verdict);
        Assert.Equal("holds", Findings(Far, LowerLoss).Gates.Single(g => g.Id == "G1/K=4").Verdict);
    }

    [Fact]
    public void One_seed_shows_no_distance_to_be_lower()
    {
        ComparePlan plan = MadeUp.Plan(seeds: [3]);
        CompareFindings findings = CompareFindings.Of(plan, MadeUp.Judge, MadeUp.Measure(plan, PaperIsRight, LowerLoss));
        Gate top1 = findings.Gates.Single(g => g.Id == "G1/K=4");
        Assert.Equal("fails", top1.Verdict);
        Assert.Null(top1.Interval);
        Assert.Contains("one seed", top1.Measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_clusters_that_do_as_well_fail_their_gate()
    {
        double Random(string arm, string rule) => arm == "ddm-4-random" ? 5 : PaperIsRight(arm, rule);
        Assert.Equal("fails", Findings(Random, LowerLoss).Gates.Single(g => g.Id == "G4/K=4").Verdict);
    }

    [Fact]
    public void Paired_loss_must_be_lower_in_every_seed()
    {
        ComparePlan plan = MadeUp.Plan();
        ArmMeasurement[] measured = [.. MadeUp.Measure(plan, PaperIsRight, LowerLoss)];
        int last = Array.FindIndex(measured, m => m.Arm == "ddm-4-features" && m.Seed == 5);
        measured[last] = measured[last] with { TestErrors = [.. measured[last].TestErrors.Select(e => e + 0.1f)] };
        CompareFindings findings = CompareFindings.Of(plan, MadeUp.Judge, measured);
        Gate gate = findings.Gates.Single(g => g.Id == "G3/K=4");
        Assert.Equal("fails", gate.Verdict);
        Assert.Contains("ensemble clearly lower in 1 of 2, monolith in 1", gate.Measured, StringComparison.Ordinal);
        PairedComparison pair = findings.Pairs.Single(p => p.Arm == "ddm-4-features" && p.Seed == 3);
        Assert.Equal(0.05, pair.Difference, 1e-6);
    }

    [Fact]
    public void The_rule_is_chosen_on_validation_distances_of_the_first_seed()
    {
        ComparePlan plan = MadeUp.Plan();
        ArmMeasurement[] measured = [.. MadeUp.Measure(plan, PaperIsRight, LowerLoss)];
        int first = Array.FindIndex(measured, m => m.Arm == "ddm-4-features" && m.Seed == 3);
        Assert.Equal("top-2", CompareFindings.Of(plan, MadeUp.Judge, measured).ChosenRules[4]);

        // The test distances stay what they are.
        measured[first] = measured[first] with
        {
            Rules = [.. measured[first].Rules.Select(r => r with { ValidationDistance = r.Rule == "top-1" ? 0.1 : r.ValidationDistance })],
        };
        Assert.Equal("top-1", CompareFindings.Of(plan, MadeUp.Judge, measured).ChosenRules[4]);
    }

    [Fact]
    public void A_missing_run_is_refused()
    {
        ComparePlan plan = MadeUp.Plan();
        Assert.Throws<ArgumentException>(() => CompareFindings.Of(plan, MadeUp.Judge, [.. MadeUp.Measure(plan, PaperIsRight, LowerLoss).Skip(1)]));
    }

    [Fact]
    public void Json_has_the_shape_of_an_experiment()
    {
        JsonNode json = JsonNode.Parse(Findings(PaperIsRight, LowerLoss).ToJsonText())!;
        Assert.Equal("compare", json["experiment"]!.GetValue<string>());
        Assert.Equal([3, 5], json["seeds"]!.AsArray().Select(s => s!.GetValue<int>()));
        JsonObject gate = json["gates"]![0]!.AsObject();
        Assert.Equal(["id", "claim", "gate", "measured", "interval", "verdict"], gate.Select(p => p.Key));
        Assert.Equal(2, gate["interval"]!.AsArray().Count);
        Assert.NotEmpty(json["controls"]!.AsArray());
        Assert.Equal(MadeUp.Plan().Hash, json["planHash"]!.GetValue<string>());
    }

    [Fact]
    public void Markdown_has_a_row_per_arm_and_whole_rows()
    {
        CompareFindings findings = Findings(PaperIsRight, LowerLoss);
        string[] lines = CompareMarkdown.Write(findings).Split('\n');
        int header = Array.FindIndex(lines, l => l.StartsWith("| arm | steps", StringComparison.Ordinal));
        int columns = lines[header].Count(c => c == '|');
        Assert.Equal(findings.Plan.Arms.Select(a => a.Name), lines.Skip(header + 2).Take(4).Select(l => l.Split('|')[1].Trim()));
        Assert.All(lines.Skip(header).Take(6), l => Assert.Equal(columns, l.Count(c => c == '|')));
        Assert.Contains("5.000 ± 0.14", lines[header + 3], StringComparison.Ordinal);
    }

    [Fact]
    public void Report_is_well_formed_and_has_a_dot_per_seed()
    {
        CompareFindings findings = Findings(PaperIsRight, LowerLoss);
        string page = CompareReportPage.Write(findings);
        var document = System.Xml.Linq.XDocument.Parse(page[page.IndexOf('\n', StringComparison.Ordinal)..]);
        Assert.Equal(findings.Plan.Arms.Sum(a => a.Rules.Count) * 2, document.Descendants("circle").Count());
    }

    private static CompareFindings Findings(Func<string, string, double> distance, Func<string, double> loss)
    {
        ComparePlan plan = MadeUp.Plan();
        return CompareFindings.Of(plan, MadeUp.Judge, MadeUp.Measure(plan, distance, loss));
    }
}
