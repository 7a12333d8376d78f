using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// Floating-point operations of one forward pass of one image, a multiply-add as two. Matrix products and convolutions are counted;
/// norms, activations and other element-wise work are not.
/// </summary>
public static class ModelFlops
{
    /// <summary>A denoiser's forward pass.</summary>
    /// <param name="model">The network.</param>
    /// <param name="shape">Shape of an image.</param>
    /// <exception cref="SpecException">The network does not fit the shape, or its kind is not known.</exception>
    public static double Denoiser(ModelSpec model, ModelShape shape) => Forward(model, shape, logits: 0);

    /// <summary>A router's forward pass.</summary>
    /// <param name="model">The network.</param>
    /// <param name="shape">Shape of an image.</param>
    /// <param name="experts">Number of logits K.</param>
    /// <exception cref="SpecException">The network does not fit the shape, or its kind is not known.</exception>
    public static double Router(ModelSpec model, ModelShape shape, int experts) => Forward(model, shape, experts);

    private static double Forward(ModelSpec model, ModelShape shape, int logits)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Check("model", model with { ClassConditional = false });
        return model.Kind switch
        {
            "dit" => Transformer(model, shape, logits),
            "unet" => UNet(model, shape),
            "mlp" => Perceptron(model, shape, logits),
            _ => throw new SpecException("model.kind", $"cannot be '{model.Kind}'"),
        };
    }

    // Per block: 12 d^2 weights on each of T tokens, two T x T x d products, and 6 d^2 weights of the modulation once.
    private static double Transformer(ModelSpec model, ModelShape shape, int logits)
    {
        double d = model.Width;
        double tokens = shape.Height / model.Patch * (double)(shape.Width / model.Patch);
        double pixels = shape.Channels * model.Patch * (double)model.Patch;
        double blocks = model.Depth * ((24 * tokens * d * d) + (4 * tokens * tokens * d) + (12 * d * d));
        double patches = 2 * tokens * d * pixels;
        double head = logits > 0 ? 2 * d * logits : patches;
        return blocks + patches + head + (4 * d * d) + Time(d);
    }

    private static double UNet(ModelSpec model, ModelShape shape)
    {
        int width = model.Width;
        double embedding = 4.0 * width;
        double flops = Time(embedding) + (2 * Convolution(shape.Channels, width, 0));
        int Channels(int level) => level == 0 ? width : 2 * width;
        for (int level = 0; level < model.Depth; level++)
        {
            int below = level == 0 ? width : Channels(level - 1);
            flops += Block(below, Channels(level), level) + Block(2 * Channels(level), below, level);
        }

        return flops + Block(Channels(model.Depth - 1), Channels(model.Depth - 1), model.Depth - 1);

        double Area(int level) => (shape.Height >> level) * (double)(shape.Width >> level);
        double Convolution(double inputs, double outputs, int level) => 2 * 9 * inputs * outputs * Area(level);
        double Block(double inputs, double outputs, int level) =>
            Convolution(inputs, outputs, level) + Convolution(outputs, outputs, level) + (2 * embedding * outputs)
            + (inputs == outputs ? 0 : 2 * inputs * outputs * Area(level));
    }

    private static double Perceptron(ModelSpec model, ModelShape shape, int logits)
    {
        double d = model.Width;
        return (2 * shape.Size * d) + (model.Depth * 2 * d * d) + (2 * d * (logits > 0 ? logits : shape.Size)) + Time(d);
    }

    // Sines and cosines of max(8, width / 4) frequencies through two linear layers.
    private static double Time(double width) => (2 * 2 * Math.Max(8, Math.Floor(width / 4)) * width) + (2 * width * width);
}
