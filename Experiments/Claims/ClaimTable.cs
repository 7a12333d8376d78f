using System.Globalization;
using System.Text;

using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;

namespace OrleansDDM.Experiments.Claims;

/// <summary>Findings as text for a terminal or a Markdown page.</summary>
public static class ClaimTable
{
    /// <summary>Claims, arms and controls.</summary>
    public static string Write(ClaimFindings findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{findings.Experiment.Title}").AppendLine(findings.Experiment.Paper);
        text.AppendLine(CultureInfo.InvariantCulture, $"Seeds {string.Join(", ", findings.Records.Seeds)}{(findings.Quick ? ", quick" : "")}; verdicts by the mean over seeds, 95 % intervals.").AppendLine();
        text.AppendLine("| gate | claim | holds if | measured | interval | verdict |").AppendLine("|---|---|---|---|---|---|");
        foreach (Gate gate in findings.Gates)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {gate.Id} | {gate.Claim} | {gate.Threshold} | {gate.Measured} | {ClaimGates.IntervalText(gate.Interval)} | {(gate.Verdict == Gate.Holds ? "holds" : "**fails**")} |");
        }

        text.AppendLine().AppendLine("| arm | " + string.Join(" | ", findings.Experiment.Columns.Select(c => c.Heading)) + " | seconds |");
        text.AppendLine("|---|" + string.Concat(findings.Experiment.Columns.Select(_ => "---|")) + "---|");
        foreach (string[] row in Rows(findings))
        {
            text.AppendLine("| " + string.Join(" | ", row) + " |");
        }

        text.AppendLine();
        foreach (Control control in findings.Controls)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- {control.Id}: {control.Purpose}. {control.Measured}");
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>One row for each arm: name, figures as mean over seeds, seconds.</summary>
    internal static IEnumerable<string[]> Rows(ClaimFindings findings) => findings.Experiment.Arms.Select(arm =>
    {
        ArmRecord[] records = [.. findings.Records.All.Where(r => r.Arm == arm)];
        return (string[])
        [
            arm,
            .. findings.Experiment.Columns.Select(column =>
            {
                double[] values = [.. records.Where(r => r.Values.ContainsKey(column.Value)).Select(r => r[column.Value])];
                double? mean = values.Length == 0 ? null : values.Average();
                return column.Percent ? Figures.Share(mean) : Figures.Number(mean);
            }),
            Figures.Number(records.Average(r => r.Seconds), 3),
        ];
    });
}
