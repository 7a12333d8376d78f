namespace OrleansDDM.Client.Chaos;

/// <summary>A fault and what is promised of it. Nothing lost and the same bits are promised of every one.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="What">What happens.</param>
/// <param name="InjectAsync">Does it.</param>
internal sealed record Fault(string Name, string What, Func<Scene, CancellationToken, Task<Harm>> InjectAsync)
{
    /// <summary>Whether the victims are gone for good: models go on elsewhere, under a new term. Otherwise they may, or go on where they are.</summary>
    public bool Kills { get; init; }

    /// <summary>Whether it strikes while images are drawn, not while models train: see <see cref="SamplerTrial"/>.</summary>
    public bool Samples { get; init; }

    /// <summary>Whether it strikes a silo that evaluates an expert for those images, not the one that draws them.</summary>
    public bool SparesSampler { get; init; }

    /// <summary>Whether it strikes the peers of an island: see <see cref="IslandTrial"/>.</summary>
    public bool Peers { get; init; }

    /// <summary>Whether the victims' models may stand still while it lasts.</summary>
    public bool Stops { get; init; } = true;

    /// <summary>Whether no silo may be taken for dead.</summary>
    public bool Spares { get; init; }

    /// <summary>Whether the victims end in good order: not a step is done again.</summary>
    public bool LosesNothing { get; init; }

    /// <summary>How long what fails stays broken; zero = nothing mends itself.</summary>
    public TimeSpan Lasts { get; init; }

    /// <summary>Whether the manager waits with starting silos again until the others have the work.</summary>
    public bool OthersGoOn { get; init; } = true;

    /// <summary>Longest time until the victims are known to be dead; null = they need not be.</summary>
    public double? NoticedWithin { get; init; }

    /// <summary>Longest time until every model trains again; null = none is promised.</summary>
    public double? BackWithin { get; init; }

    /// <summary>How many of the newest checkpoints may be passed over, as the fault destroys them.</summary>
    public int Spoils { get; init; }

    /// <summary>
    /// Steps that each model of a short run needs so that all that went on elsewhere still train when the fault is over: only then is what comes back
    /// met by somebody who trains.
    /// </summary>
    /// <param name="asked">Steps of a run whose fault is over at once.</param>
    /// <param name="stepMilliseconds">Time of a step.</param>
    public int StepsFor(int asked, double stepMilliseconds) => Lasts == TimeSpan.Zero ? asked
        : Math.Max(asked, (int)Math.Ceiling((Lasts + FaultTrial.Aftermath).TotalMilliseconds / stepMilliseconds / (1 - FaultTrial.LatestShare)));

    /// <summary>The promise in words.</summary>
    public string Promise => Samples ? SamplerTrial.Promise(SparesSampler) : Peers ? IslandTrial.Promise : string.Join("; ", ((string?[])
    [
        NoticedWithin is { } n ? FormattableString.Invariant($"noticed in {n} s") : null,
        BackWithin is { } b ? FormattableString.Invariant($"all train again in {b} s") : null,
        Spares ? "nobody is taken for dead" : null,
        LosesNothing ? "no step is done again" : Spoils > 0 ? "goes on from the checkpoint before" : "goes on from the last checkpoint",
        "same bits",
    ]).OfType<string>());
}
