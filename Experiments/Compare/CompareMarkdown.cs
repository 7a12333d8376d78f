using System.Globalization;
using System.Text;

using OrleansDDM.Experiments.Reports;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The findings as Markdown.</summary>
public static class CompareMarkdown
{
    /// <summary>Headings of the table of arms.</summary>
    public static IReadOnlyList<string> Headers(CompareFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        return
        [
            "arm", "steps", "parameters", "training FLOPs", "test loss", "train loss", "oracle loss",
            .. Rules(findings).Select(rule => "FD " + rule), "training", "as if on K machines", "clustering",
        ];
    }

    /// <summary>The table of arms: one row per arm, mean ± standard deviation over seeds.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(CompareFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        IReadOnlyList<string> rules = Rules(findings);
        return findings.Plan.Arms.Select(arm => (IReadOnlyList<string>)
        [
            arm.Name,
            Figures.Count(arm.Spec.Training.Steps),
            FiguresOf.Large(findings.Over(arm.Name, m => m.Parameters).Mean),
            FiguresOf.Large(findings.Over(arm.Name, m => m.TrainingFlops).Mean),
            FiguresOf.Seeds(findings.Over(arm.Name, m => m.TestLoss)) + (arm.Kind == ArmKind.ConditionalMonolith ? " (told)" : ""),
            FiguresOf.Seeds(findings.Over(arm.Name, m => m.TrainLoss)),
            FiguresOf.Seeds(findings.Over(arm.Name, m => m.OracleLoss)),
            .. rules.Select(rule => FiguresOf.Seeds(findings.Distance(arm.Name, rule))),
            Figures.Duration(findings.Over(arm.Name, m => m.Times.Wall).Mean),
            Figures.Duration(findings.Over(arm.Name, m => m.Times.Parallel).Mean),
            Figures.Duration(findings.Over(arm.Name, m => m.Times.Clustering).Mean),
        ]);
    }

    /// <summary>What the table's figures mean.</summary>
    public static string Caption(CompareFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        CompareMetric metric = findings.Plan.Metric;
        string chosen = string.Join(", ", findings.ChosenRules.OrderBy(c => c.Key).Select(c => FormattableString.Invariant($"{c.Value} for K={c.Key}")));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{findings.Plan.Seeds.Count} seed(s), mean ± standard deviation. FD: Fréchet distance to {findings.Judge.TestImages:N0} test images in {findings.Judge.FeatureSpace}, {metric.Samples:N0} samples; {FiguresOf.FloorImages(findings.Judge, metric.Samples)}, get {FiguresOf.Floor(findings.Judge)}. Loss: held-out squared error of full, {metric.LossImages:N0} images x {metric.LossStrata} strata. Rule chosen on {findings.Judge.ValidationImages:N0} validation images of seed {findings.Plan.Seeds[0]}: {chosen}. Plan {findings.Plan.Hash[..12]}.");
    }

    /// <summary>Tables of arms, of the paired loss, of gates and of controls.</summary>
    public static string Write(CompareFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        var text = new StringBuilder();
        text.Append(Caption(findings)).Append("\n\n");
        Table(text, Headers(findings), Rows(findings));
        text.Append("\nPaired loss of the monolith minus that of full (above 0: the ensemble is better):\n\n");
        Table(text, ["arm", "seed", "difference", "interval"], findings.Pairs.Select(p => (IReadOnlyList<string>)
            [p.Arm, p.Seed.ToString(CultureInfo.InvariantCulture), Figures.Number(p.Difference), $"[{Figures.Number(p.Low)}, {Figures.Number(p.High)}]"]));
        text.Append('\n');
        Table(text, ["gate", "claim", "holds if", "measured", "verdict"], findings.Gates.Select(g => (IReadOnlyList<string>)
            [g.Id, g.Claim, g.Threshold, g.Measured, g.Verdict == Gate.Holds ? "**holds**" : g.Verdict]));
        text.Append('\n');
        Table(text, ["control", "purpose", "measured"], findings.Controls.Select(c => (IReadOnlyList<string>)[c.Id, c.Purpose, c.Measured]));
        return text.ToString();
    }

    /// <summary>All rules that some arm is sampled with, in the order of their first arm.</summary>
    internal static IReadOnlyList<string> Rules(CompareFindings findings) => [.. findings.Plan.Arms.SelectMany(a => a.Rules).Distinct()];

    private static void Table(StringBuilder text, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows)
    {
        Row(text, headers);
        Row(text, headers.Select((_, i) => i == 0 ? "---" : "---:"));
        foreach (IReadOnlyList<string> row in rows)
        {
            Row(text, row);
        }
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
}
