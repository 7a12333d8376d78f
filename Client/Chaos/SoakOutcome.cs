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
    IReadOnlyList<string> Complaints);
