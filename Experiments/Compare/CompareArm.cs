using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>One arm of a comparison; it is run once per seed.</summary>
/// <param name="Name">Its name, e.g. <c>ddm-4-features</c>.</param>
/// <param name="Kind">What it trains.</param>
/// <param name="Clusters">K: experts, or clusters that a conditional monolith is told; 1 for a monolith.</param>
/// <param name="Rival">Name of the monolith with the same training FLOPs; null for a monolith.</param>
/// <param name="Rules">Mixing rules that it is sampled with; <see cref="CompareRules.Conditional"/> for a conditional monolith.</param>
/// <param name="Spec">Its spec; a run of it differs in name and seed alone.</param>
public sealed record CompareArm(string Name, ArmKind Kind, int Clusters, string? Rival, IReadOnlyList<string> Rules, RunSpec Spec);

/// <summary>One arm under one seed.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Seed">Seed of everything random in training.</param>
/// <param name="Choosing">Whether it is also judged on the validation split, to choose a mixing rule by.</param>
public sealed record CompareRun(CompareArm Arm, ulong Seed, bool Choosing)
{
    /// <summary>Name of the run and of its folder.</summary>
    public string Name => FormattableString.Invariant($"{Arm.Name}-seed-{Seed}");

    /// <summary>The spec to train.</summary>
    public RunSpec Spec => Arm.Spec with { Name = Name, Seed = Seed };
}
