using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Compare;

/// <summary>How long the models of a run train, each on a slot of its own.</summary>
internal static class ModelTime
{
    /// <summary>Seconds of the slowest model; NaN where the speed of one is not known.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="rate">Training images per second of a role; null = not known.</param>
    public static double Slowest(RunSpec spec, Func<string, double?> rate)
    {
        int batch = spec.Training.Batch / spec.Experts.Count;
        double slowest = ModelRole.Of(spec.Experts.Count).Max(role =>
        {
            double images = role.IsRouter
                ? (double)spec.Router.Batch * RouterTask.StepsOf(spec)
                : (double)batch * spec.Training.Steps;
            return images / rate(role.ToString()) ?? double.PositiveInfinity;
        });
        return double.IsFinite(slowest) ? slowest : double.NaN;
    }
}
