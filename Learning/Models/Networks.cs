using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Models;

/// <summary>Builds networks from their spec.</summary>
public static class Networks
{
    /// <summary>A denoiser for data of <paramref name="shape"/>.</summary>
    /// <exception cref="SpecException">The spec does not fit the shape.</exception>
    public static Network Denoiser(ModelSpec spec, ModelShape shape)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Check("model", spec);
        ModelShape conditioned = shape with { Classes = spec.ClassConditional ? shape.Classes : 0 };
        return spec.Kind switch
        {
            "dit" => new DiffusionTransformer(conditioned, spec.Patch, spec.Width, spec.Depth, spec.Heads),
            "unet" => new UNet(conditioned, spec.Width, spec.Depth),
            "mlp" => new Perceptron(conditioned, spec.Width, spec.Depth),
            _ => throw new SpecException("model.kind", $"cannot be '{spec.Kind}'"),
        };
    }

    /// <summary>A router to <paramref name="experts"/> clusters; it sees no class, as in the paper.</summary>
    /// <exception cref="SpecException">The spec does not fit the shape.</exception>
    public static Network Router(ModelSpec spec, ModelShape shape, int experts)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Check("router.model", spec);
        ModelShape unconditional = shape with { Classes = 0 };
        return spec.Kind switch
        {
            "dit" => new DiffusionTransformer(unconditional, spec.Patch, spec.Width, spec.Depth, spec.Heads, experts),
            "mlp" => new Perceptron(unconditional, spec.Width, spec.Depth, experts),
            _ => throw new SpecException("router.model.kind", $"cannot be '{spec.Kind}'"),
        };
    }
}
