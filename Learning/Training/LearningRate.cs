using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Training;

/// <summary>The learning rate as a function of the step: linear warm-up, a plateau, and a linear fall to zero over the last share of the steps.</summary>
public static class LearningRate
{
    /// <summary>Rate of step <paramref name="step"/> (0-based) of <paramref name="steps"/>.</summary>
    public static double At(TrainingSpec spec, double peak, int step, int steps)
    {
        ArgumentNullException.ThrowIfNull(spec);
        double warm = spec.Warmup == 0 ? 1 : Math.Min(1, (step + 1.0) / Math.Min(spec.Warmup, steps));
        double decaySteps = spec.DecayShare * steps;
        double cool = decaySteps == 0 ? 1 : Math.Min(1, (steps - step) / decaySteps);
        return peak * warm * cool;
    }
}
