using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Devices;

/// <summary>A rough measure of how long a model trains, by which models are spread over slots. Only ratios mean something.</summary>
internal static class TrainingCost
{
    /// <summary>Steps x batch x width^2 x depth: the matrix products of a transformer, without its token count.</summary>
    public static double Of(RunSpec spec, ModelRole role)
    {
        ModelSpec model = role.IsRouter ? spec.Router.Model : spec.Model;
        double images = role.IsRouter
            ? spec.Training.Steps * spec.Router.StepShare * spec.Router.Batch
            : (double)spec.Training.Steps * spec.Training.Batch / spec.Experts.Count;
        return images * model.Width * model.Width * model.Depth;
    }
}
