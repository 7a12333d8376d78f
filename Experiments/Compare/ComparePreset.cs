using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>Where a comparison starts from.</summary>
/// <param name="Spec">What the arms share.</param>
/// <param name="Experts">Numbers of experts.</param>
/// <param name="Seeds">Seeds.</param>
public sealed record ComparePreset(RunSpec Spec, IReadOnlyList<int> Experts, IReadOnlyList<ulong> Seeds)
{
    /// <summary>The presets' names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["quick", "standard", "full"];

    /// <summary>A preset on a data set.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="data">Name or path of a data set.</param>
    /// <exception cref="SpecException">There is no such preset.</exception>
    public static ComparePreset Of(string name, string data) => name switch
    {
        "quick" => new ComparePreset(SpecOf(data, samples: 2000, steps: 800), [4], [0]),
        "standard" => new ComparePreset(SpecOf(data, samples: 5000, steps: 6000), [1, 2, 4, 8], [0, 1, 2]),
        "full" => new ComparePreset(SpecOf(data, samples: 10_000, steps: 20_000), [1, 2, 4, 8, 16], [0, 1, 2, 3, 4]),
        _ => throw new SpecException("preset", $"cannot be '{name}'; it is {string.Join(", ", Names)}"),
    };

    private static RunSpec SpecOf(string data, int samples, int steps)
    {
        // The small transformer, which trains several times faster than a U-Net of equal FLOPs: a comparison is many trainings.
        RunSpec spec = Presets.For(data);
        return spec with
        {
            Name = "compare",
            Model = spec.Model with { Kind = "dit", Width = 64, Depth = 4 },
            Training = new TrainingSpec { Steps = steps, Flip = spec.Training.Flip },
            Sampling = new SamplingSpec(),
            Evaluation = new EvaluationSpec { Samples = samples, LossImages = 2000, LossStrata = 4, Rules = ["full", "top-1", "top-2", "sticky-prior"] },
        };
    }
}
