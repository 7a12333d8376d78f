using System.Globalization;
using System.Text;

namespace OrleansDDM.Client.Chaos;

/// <summary>What <c>ddm chaos</c> reports.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Silos">Number of silos.</param>
/// <param name="Faults">One row for each fault.</param>
/// <param name="Soak">The soak; null = none was asked for.</param>
internal sealed record ChaosReport(ulong Seed, int Silos, IReadOnlyList<ChaosRow> Faults, SoakOutcome? Soak)
{
    /// <summary>Least share of the fault-free speed that a soak of kills must keep.</summary>
    public const double KeptByKills = 0.95;

    /// <summary>Whether every promise held. A soak without a fault shows nothing, but for that of load.</summary>
    public bool Holds => Faults.All(f => f.Verdict == ChaosRow.Held) && (Soak is null || Held(Soak));

    /// <summary>The rows of some outcomes.</summary>
    public static IReadOnlyList<ChaosRow> Rows(IEnumerable<TrialOutcome> outcomes) =>
    [
        .. outcomes.GroupBy(o => o.Fault).Select(group => new ChaosRow(
            group.Key,
            FaultCatalog.All.Single(f => f.Name == group.Key).What,
            FaultCatalog.All.Single(f => f.Name == group.Key).Promise,
            group.Count(),
            Spread.Of(group.Select(o => o.Noticed).OfType<double>()),
            Spread.Of(group.Select(o => o.Back).OfType<double>()),
            Spread.Of(group.Select(o => (double)o.LostSteps)),
            [.. group.Select(o => o.Note).OfType<string>()],
            [.. group.Select(o => o.Complaint).OfType<string>().Distinct()],
            group.All(o => o.Complaint is null) ? ChaosRow.Held : $"fails in {group.Count(o => o.Complaint is not null)}")),
    ];

    /// <summary>As a table.</summary>
    public string Table()
    {
        var text = new StringBuilder();
        text.AppendLine("| fault | promise | runs | noticed, s | back, s | steps again | verdict |").AppendLine("|---|---|---|---|---|---|---|");
        foreach (ChaosRow row in Faults)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Fault}: {row.What} | {row.Promise} | {row.Runs} | {row.Noticed} | {row.Back} | {row.LostSteps} | {row.Verdict} |");
        }

        foreach (string note in Faults.SelectMany(f => f.Notes))
        {
            text.AppendLine("- " + note);
        }

        foreach (string complaint in Faults.SelectMany(f => f.Complaints).Concat(Soak?.Complaints ?? []))
        {
            text.AppendLine("- " + complaint);
        }

        if (Soak is { } soak)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"soak of {soak.Mix}: {soak.Faults.Count} faults, {soak.StepsPerSecond} of {soak.CalmStepsPerSecond} steps/s kept = {soak.Kept:P1}; bits {(soak.SameBits ? "same" : "differ")}");
        }

        return text.ToString().TrimEnd();
    }

    private static bool Held(SoakOutcome soak) => soak.Complaints.Count == 0
        && (soak.Faults.Count > 0 || soak.Mix == SoakOutcome.NameOf(ChaosMix.Load))
        && (soak.Mix != SoakOutcome.NameOf(ChaosMix.Kill) || soak.Kept >= KeptByKills);
}

/// <summary>All trials of one fault.</summary>
/// <param name="Fault">Its name.</param>
/// <param name="What">What happens.</param>
/// <param name="Promise">What is promised.</param>
/// <param name="Runs">Number of trials.</param>
/// <param name="Noticed">Seconds until the victims were known to be dead.</param>
/// <param name="Back">Seconds until every model trained again.</param>
/// <param name="LostSteps">Steps that were done again.</param>
/// <param name="Notes">What else was measured.</param>
/// <param name="Complaints">Promises that did not hold.</param>
/// <param name="Verdict"><c>holds</c>, or in how many it does not.</param>
internal sealed record ChaosRow(
    string Fault, string What, string Promise, int Runs, Spread? Noticed, Spread? Back, Spread? LostSteps, IReadOnlyList<string> Notes, IReadOnlyList<string> Complaints, string Verdict)
{
    /// <summary>The verdict where all held.</summary>
    public const string Held = "holds";
}
