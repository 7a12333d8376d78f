using OrleansDDM.Experiments.Evaluation;

namespace OrleansDDM.Experiments.Compare;

/// <summary>What is measured and how, fixed before the first run.</summary>
public sealed record CompareMetric
{
    /// <summary>Samples per arm, rule and seed of the Fréchet distance to the test images.</summary>
    public required int Samples { get; init; }

    /// <summary>Samples of the Fréchet distance to the validation images, by which a rule is chosen.</summary>
    public required int ValidationSamples { get; init; }

    /// <summary>Test images, and as many training images, of the paired loss.</summary>
    public required int LossImages { get; init; }

    /// <summary>Strata of t of the paired loss.</summary>
    public required int LossStrata { get; init; }

    /// <summary>Most real images that samples are compared with.</summary>
    public int ReferenceImages { get; init; } = 10_000;

    /// <summary>Most training steps of the judge; see <see cref="Judge.StepsFor"/>.</summary>
    public int JudgeSteps { get; init; } = Judge.MostSteps;

    /// <summary>Seed of the judge, and of the draws of the paired loss.</summary>
    public ulong Seed { get; init; } = EvaluationRunner.Seed;

    /// <summary>Bootstrap resamples of the paired loss.</summary>
    public int Resamples { get; init; } = 2000;

    /// <summary>Confidence of the bootstrap interval.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>A Fréchet distance is lower only if it is so by more than this many standard deviations over seeds.</summary>
    public double Deviations { get; init; } = 2;

    /// <summary>Seed of the noise of samples that are reported: the same for all arms, another for each training seed.</summary>
    public ulong TestNoise(ulong seed) => unchecked(Seed + 1 + (2 * seed));

    /// <summary>Seed of the noise of samples that a rule is chosen by.</summary>
    public ulong ValidationNoise(ulong seed) => unchecked(Seed + 2 + (2 * seed));
}
