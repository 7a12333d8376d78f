namespace OrleansDDM.Client.Chaos;

/// <summary>What every trial is judged by beside its own promises.</summary>
internal static class TrialGuard
{
    /// <summary>
    /// Runs a trial. What else went wrong meanwhile is its complaint too, and so is an exception of its own: the report of the other trials is not lost with it.
    /// </summary>
    /// <param name="fault">The fault.</param>
    /// <param name="trial">The trial.</param>
    /// <param name="aside">Takes what went wrong beside it, in logs and with silos.</param>
    /// <param name="recover">Puts the cluster in order again where the trial has failed half-way.</param>
    /// <param name="cancellation">Ends everything.</param>
    public static async Task<TrialOutcome> RunAsync(
        Fault fault, Func<Task<TrialOutcome>> trial, Func<IEnumerable<string>> aside, Action recover, CancellationToken cancellation)
    {
        TrialOutcome outcome;
        try
        {
            outcome = await trial();
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not OutOfMemoryException)
        {
            recover();
            outcome = new TrialOutcome(fault.Name, null, null, 0, $"the trial failed: {e.Message}");
        }

        return outcome with { Complaint = Join([outcome.Complaint, .. aside()]) };
    }

    /// <summary>Complaints as one; null = there are none.</summary>
    public static string? Join(IEnumerable<string?> complaints) => string.Join("; ", complaints.OfType<string>()) is { Length: > 0 } text ? text : null;
}
