using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>Opens trained weights.</summary>
public static class Predictors
{
    /// <summary>Opens the weights of one model of a run.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">Which model of it.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="device">Where to compute; null = on the CPU.</param>
    /// <exception cref="InvalidDataException">The bytes are not weights of this model.</exception>
    public static IPredictor Open(RunSpec spec, ModelRole role, byte[] weights, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ModelShape shape = ShapeOf(weights);
        INoiseSchedule schedule = NoiseSchedules.Parse(spec.Diffusion.Path);
        return role.IsRouter
            ? new NetworkPredictor(
                Networks.Router(spec.Router.Model, shape, spec.Experts.Count).to(device ?? CPU), shape, schedule, parameterization: null, conditional: false, weights)
            : new NetworkPredictor(
                Networks.Denoiser(spec.Model, shape).to(device ?? CPU),
                shape,
                schedule,
                Parameterizations.Parse(spec.Diffusion.Parameterization),
                spec.Model.ClassConditional,
                weights);
    }

    private static ModelShape ShapeOf(byte[] weights)
    {
        try
        {
            return ModelShape.Parse(SafetensorsReader.Read(weights).Metadata.GetValueOrDefault("shape", string.Empty));
        }
        catch (Exception e) when (e is SafetensorsException or FormatException)
        {
            throw new InvalidDataException($"Not weights of a run: {e.Message}", e);
        }
    }
}
