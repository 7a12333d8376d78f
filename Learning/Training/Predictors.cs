using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Training;

/// <summary>Opens trained weights.</summary>
public static class Predictors
{
    /// <summary>Opens the weights of one model of a run.</summary>
    /// <exception cref="InvalidDataException">The bytes are not weights of this model.</exception>
    public static IPredictor Open(RunSpec spec, ModelShape shape, ModelRole role, byte[] weights)
    {
        ArgumentNullException.ThrowIfNull(spec);
        INoiseSchedule schedule = NoiseSchedules.Parse(spec.Diffusion.Path);
        return role.IsRouter
            ? new NetworkPredictor(
                Networks.Router(spec.Router.Model, shape, spec.Experts.Count), shape, schedule, parameterization: null, conditional: false, weights)
            : new NetworkPredictor(
                Networks.Denoiser(spec.Model, shape),
                shape,
                schedule,
                Parameterizations.Parse(spec.Diffusion.Parameterization),
                spec.Model.ClassConditional,
                weights);
    }
}
