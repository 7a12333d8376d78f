namespace OrleansDDM.Specs;

/// <summary>Specs to start from: the demo, and one for each known data set.</summary>
public static class Presets
{
    /// <summary>The mixing rules that a full evaluation compares.</summary>
    public static IReadOnlyList<string> AllRules { get; } =
        ["full", "top-1", "top-2", "sample-1", "threshold-0.05", "nucleus-0.9", "sticky-prior", "oracle"];

    /// <summary>A whole run in under a minute on two cores, without a data file.</summary>
    public static RunSpec Demo { get; } = new()
    {
        Name = "demo",
        Data = new DataSpec { Name = "shapes", ShapesSize = 16, ShapesCount = 4000 },
        Clustering = new ClusteringSpec { Dimensions = 24, FineCentroids = 64 },
        Model = new ModelSpec { Kind = "unet", Width = 16, Depth = 3 },
        Router = new RouterSpec { StepShare = 1 },
        Training = new TrainingSpec { Steps = 1280, Batch = 128, LearningRate = 2e-3, Warmup = 100, EmaDecay = 0.995, Validations = 6 },
        Mixing = new MixingSpec { Rule = "sticky-prior" },
        Sampling = new SamplingSpec { Scheduler = "dpmpp-2m", Steps = 16 },
        Evaluation = new EvaluationSpec { Samples = 384, LossImages = 256, Rules = ["full", "top-1", "top-2", "sticky-prior"] },
    };

    /// <summary>The spec that <c>ddm train --data NAME</c> starts from.</summary>
    public static RunSpec For(string data)
    {
        var spec = new RunSpec
        {
            Name = data,
            Data = new DataSpec { Name = data },
            Evaluation = new EvaluationSpec { Rules = AllRules },
        };
        return data switch
        {
            "shapes" => Demo with { Name = data, Evaluation = Demo.Evaluation with { Rules = AllRules } },
            "mnist" or "fashion-mnist" => spec with
            {
                Model = new ModelSpec { Kind = "unet", Width = 16, Depth = 3 },
                Training = spec.Training with { Steps = 10_000, Batch = 128, LearningRate = 2e-3 },
                Mixing = new MixingSpec { Rule = "sticky-prior" },
                Sampling = new SamplingSpec { Scheduler = "dpmpp-2m", Steps = 20 },
            },
            "cifar-10" => spec with { Model = spec.Model with { Width = 128, Depth = 6 }, Training = spec.Training with { Flip = true } },
            "digits" => spec with
            {
                Model = spec.Model with { Patch = 2 },
                Router = spec.Router with { Model = spec.Router.Model with { Patch = 2 } },
                Training = spec.Training with { Steps = 3000 },
            },
            _ => spec,
        };
    }
}
