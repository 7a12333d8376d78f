using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Compare;

/// <summary>Training FLOPs of a run: three forward passes (one forward, two backward) per image and step.</summary>
/// <param name="Experts">All experts.</param>
/// <param name="Router">The router; 0 for a monolith.</param>
/// <param name="ExpertStep">One step of every expert, which is one step of a monolith with the same total batch.</param>
public sealed record TrainingFlops(double Experts, double Router, double ExpertStep)
{
    /// <summary>Forward passes that a training step costs.</summary>
    public const double PassesPerStep = 3;

    /// <summary>Experts and router.</summary>
    public double Total => Experts + Router;

    /// <summary>The FLOPs of a run.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="shape">Shape of an image.</param>
    public static TrainingFlops Of(RunSpec spec, ModelShape shape)
    {
        ArgumentNullException.ThrowIfNull(spec);
        int experts = spec.Experts.Count;
        int batch = spec.Training.Batch / experts * experts;
        double step = PassesPerStep * ModelFlops.Denoiser(spec.Model, shape) * batch;
        double router = experts == 1
            ? 0
            : PassesPerStep * ModelFlops.Router(spec.Router.Model, shape, experts) * spec.Router.Batch * RouterTask.StepsOf(spec);
        return new TrainingFlops(step * spec.Training.Steps, router, step);
    }

    /// <summary>Steps of a monolith on the same total batch that cost at least as much as this, and less than one step more.</summary>
    public int MonolithSteps => checked((int)Math.Ceiling(Total / ExpertStep - 1e-9));
}
