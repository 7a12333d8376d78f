namespace OrleansDDM.Experiments.Compare;

/// <summary>Trains and measures arms, wherever that happens.</summary>
public interface IArmRunner
{
    /// <summary>Trains the judge that all arms share, or finds it.</summary>
    Task<JudgeFacts> JudgeAsync(ComparePlan plan, IProgress<string>? progress, CancellationToken cancellation);

    /// <summary>Trains one arm under one seed, or goes on with it, and measures it.</summary>
    Task<ArmMeasurement> RunAsync(ComparePlan plan, CompareRun run, IProgress<string>? progress, CancellationToken cancellation);
}
