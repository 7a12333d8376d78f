using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>How large the artifacts of a model can be, so that a reference which claims more is not followed.</summary>
internal static class ArtifactLimits
{
    // Values, average and two moments, in float32.
    private const long BytesPerParameter = 16;

    // Metrics so far, names and shapes.
    private const long Text = 64L << 20;

    // Tables with one row per position or class, of which a forward pass reads a part only.
    private const long Rows = 1L << 16;

    /// <summary>
    /// Most bytes of a checkpoint of the model; its weights are less. Every parameter but the tables takes part in at least one multiplication and
    /// addition of a forward pass, so that half its operations are more than there are parameters.
    /// </summary>
    public static long Of(RunSpec spec, ModelRole role)
    {
        ModelSpec model = role.IsRouter ? spec.Router.Model : spec.Model;
        double parameters = (TrainingCost.Forward(spec, role) / 2) + ((double)Rows * model.Width);
        return (long)Math.Min((BytesPerParameter * parameters) + Text, long.MaxValue / 2);
    }
}
