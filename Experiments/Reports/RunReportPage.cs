namespace OrleansDDM.Experiments.Reports;

/// <summary>Stand-in until merged.</summary>
public static class RunReportPage
{
    /// <summary>Writes.</summary>
    public static string Write(RunReportContents contents) => contents.SpecHash;
}
