using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Models;

/// <summary>How many parameters a network has, and about how much memory its training takes on a device.</summary>
public static class ModelMemory
{
    // Values, gradients, moving average and two moments, in float32; a step's temporaries are as large as two of them.
    private const int VectorsPerParameter = 7;

    // libtorch's kernels and handles, which a card holds once for each process.
    private const long Library = 512L << 20;

    /// <summary>Number of parameters, exactly.</summary>
    /// <param name="model">The network.</param>
    /// <param name="shape">Shape of the data; its classes count where the network takes them.</param>
    /// <param name="logits">Number of clusters that a router tells apart; 0 = a denoiser.</param>
    /// <exception cref="SpecException">The kind of network is not known.</exception>
    public static long Parameters(ModelSpec model, ModelShape shape, int logits = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shape);
        long d = model.Width;
        int classes = model.ClassConditional && logits == 0 ? shape.Classes : 0;
        switch (model.Kind)
        {
            case "dit":
                long pixels = (long)shape.Channels * model.Patch * model.Patch;
                long block = Linear(d, 3 * d) + Linear(d, d) + Linear(d, 4 * d) + Linear(4 * d, d);
                return Linear(pixels, d) + Time(d, classes) + Linear(d, ((6 * model.Depth) + 2) * d) + (model.Depth * block) + Linear(d, logits > 0 ? logits : pixels);
            case "unet":
                return UNet(model, shape.Channels, classes);
            case "mlp":
                return Linear(shape.Size, d) + Time(d, classes) + (model.Depth * Linear(d, d)) + Linear(d, logits > 0 ? logits : shape.Size);
            default:
                throw Unknown(model);
        }
    }

    /// <summary>
    /// Bytes that training takes on a device: weights, gradients, optimizer, and what one step keeps for its backward pass. An estimate from the layers'
    /// sizes, float32 throughout, meant to be too high rather than too low.
    /// </summary>
    /// <param name="model">The network.</param>
    /// <param name="shape">Shape of the data.</param>
    /// <param name="batch">Samples of a step.</param>
    /// <param name="logits">Number of clusters that a router tells apart; 0 = a denoiser.</param>
    /// <exception cref="SpecException">The kind of network is not known.</exception>
    public static long Training(ModelSpec model, ModelShape shape, int batch, int logits = 0)
    {
        double vectors = (double)VectorsPerParameter * Parameters(model, shape, logits);
        double bytes = sizeof(float) * (vectors + ((double)batch * Activations(model, shape)));
        return Library + (long)Math.Min(bytes, long.MaxValue / 2);
    }

    // Values of one sample that the backward pass needs: the inputs of each layer, norm, activation and gate.
    private static double Activations(ModelSpec model, ModelShape shape)
    {
        double d = model.Width;
        switch (model.Kind)
        {
            case "dit":
                double tokens = (double)shape.Height * shape.Width / (model.Patch * model.Patch);

                // Two modulated norms, queries, keys, values, attention, perceptron of four widths; products of all pairs of tokens at worst.
                return (model.Depth * ((24 * tokens * d) + (2 * model.Heads * tokens * tokens))) + (4 * tokens * d) + (3 * shape.Size);
            case "unet":
                double values = 4.0 * d * shape.Height * shape.Width;
                foreach ((long inputs, long outputs, int level) in Blocks(model))
                {
                    values += ((4 * inputs) + (7 * outputs)) * (double)(shape.Height >> level) * (shape.Width >> level);
                }

                return values + (3 * shape.Size);
            case "mlp":
                return (4 * d * (model.Depth + 2)) + (3 * shape.Size);
            default:
                throw Unknown(model);
        }
    }

    private static long UNet(ModelSpec model, int channels, int classes)
    {
        long width = model.Width;
        long embedding = 4 * width;
        long count = Convolution(channels, width, 9) + Time(embedding, classes) + (2 * width) + Convolution(width, channels, 9);
        foreach ((long inputs, long outputs, _) in Blocks(model))
        {
            count += (2 * inputs) + Convolution(inputs, outputs, 9) + Linear(embedding, outputs) + (2 * outputs) + Convolution(outputs, outputs, 9)
                + (inputs == outputs ? 0 : Convolution(inputs, outputs, 1));
        }

        return count;
    }

    // The residual blocks of a U-Net: down, middle, up.
    private static IEnumerable<(long Inputs, long Outputs, int Level)> Blocks(ModelSpec model)
    {
        long Channels(int level) => level <= 0 ? model.Width : 2L * model.Width;
        for (int level = 0; level < model.Depth; level++)
        {
            yield return (Channels(level - 1), Channels(level), level);
            yield return (2 * Channels(level), Channels(level - 1), level);
        }

        yield return (Channels(model.Depth - 1), Channels(model.Depth - 1), model.Depth - 1);
    }

    // Two linear layers on sines and cosines, and a row for each class and for none.
    private static long Time(long width, int classes)
    {
        long features = 2 * Math.Max(8, width / 4);
        return Linear(features, width) + Linear(width, width) + (classes > 0 ? (classes + 1) * width : 0);
    }

    private static long Linear(long inputs, long outputs) => (inputs + 1) * outputs;

    private static long Convolution(long inputs, long outputs, int taps) => ((taps * inputs) + 1) * outputs;

    private static SpecException Unknown(ModelSpec model) => new("model.kind", $"cannot be '{model.Kind}'");
}
