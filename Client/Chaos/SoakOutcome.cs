namespace OrleansDDM.Client.Chaos;

/// <summary>What a soak showed.</summary>
/// <param name="Mix">Which faults.</param>
/// <param name="Minutes">How long, with the end of the run.</param>
/// <param name="Faults">Each fault.</param>
/// <param name="CalmStepsPerSecond">Steps per second of all models before the faults.</param>
/// <param name="StepsPerSecond">The same with them: steps of the final lineage only.</param>
/// <param name="Kept">The share of the speed that was left.</param>
/// <param name="SameBits">Whether the weights are those of the undisturbed run.</param>
/// <param name="Complaints">Promises that did not hold.</param>
internal sealed record SoakOutcome(
    string Mix,
    double Minutes,
    IReadOnlyList<TrialOutcome> Faults,
    double CalmStepsPerSecond,
    double StepsPerSecond,
    double Kept,
    bool SameBits,
    IReadOnlyList<string> Complaints)
{
    /// <summary>A soak that could not be run to its end.</summary>
    public static SoakOutcome Failed(ChaosMix mix, string why) => new(NameOf(mix), 0, [], 0, 0, 0, SameBits: false, [$"the soak failed: {why}"]);

    /// <summary>The name of a mix in the report.</summary>
    public static string NameOf(ChaosMix mix) => mix.ToString().ToLowerInvariant();
}
