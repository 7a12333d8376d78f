using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Devices;

/// <summary>How much training a model is, by which models are spread over slots. Only ratios mean something.</summary>
internal static class TrainingCost
{
    // A session is opened before its data is known here; what networks cost relative to each other hardly depends on the side.
    private const int Side = 28;

    /// <summary>Images times the operations of one forward pass.</summary>
    public static double Of(RunSpec spec, ModelRole role)
    {
        double forward = Forward(spec, role);
        return role.IsRouter
            ? spec.Training.Steps * spec.Router.StepShare * spec.Router.Batch * forward
            : (double)spec.Training.Steps * spec.Training.Batch / spec.Experts.Count * forward;
    }

    /// <summary>Operations of one forward pass of one image of a usual size.</summary>
    public static double Forward(RunSpec spec, ModelRole role)
    {
        ModelSpec model = role.IsRouter ? spec.Router.Model : spec.Model;
        ModelShape shape = Nominal(model);
        return role.IsRouter ? ModelFlops.Router(model, shape, spec.Experts.Count) : ModelFlops.Denoiser(model, shape);
    }

    // Grey images of about the usual side that the network can take.
    private static ModelShape Nominal(ModelSpec model)
    {
        int unit = model.Kind switch
        {
            "dit" => model.Patch,
            "unet" => 1 << Math.Min(model.Depth - 1, 10),
            _ => 1,
        };
        int side = unit * ((Side + unit - 1) / unit);
        return new ModelShape(1, side, side, 0);
    }
}
