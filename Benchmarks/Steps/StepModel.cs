using System.Globalization;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>A network, its initial weights and one batch, the same for all arms.</summary>
public sealed class StepModel
{
    private StepModel(string name, ModelSpec spec, double forwardFlops)
    {
        (Name, Spec, ForwardFlops) = (name, spec, forwardFlops);
        Input = Draw("input");
        Target = Draw("target");
        Time = [.. Enumerable.Range(0, Batch).Select(i => (i + 0.5f) / Batch)];
        using Network network = Build();
        using ModelVector vector = ModelVector.Adopt(network);
        Initializer.Fill(vector, 1, "benchmark");
        using IDisposable noGrad = no_grad();

        // adaLN-zero answers 0 at first, which would make the first losses agree whatever the network does.
        var noise = new float[vector.Length];
        CounterRandom.Normal(noise, 1, "benchmark/noise", 0, 0);
        using Tensor change = tensor(noise);
        vector.Values.add_(change, 0.02f);
        Weights = vector.Values.data<float>().ToArray();
        Segments = vector.Segments;
    }

    /// <summary>Samples per step.</summary>
    public static int Batch => 128;

    /// <summary>Shape of the images.</summary>
    public static ModelShape Shape { get; } = new(1, 28, 28, 0);

    /// <summary>DiT of 28x28 images, patch 4, width 64, 4 blocks.</summary>
    public static StepModel Dit() => new("dit", new ModelSpec(), DitFlops(new ModelSpec()));

    /// <summary>U-Net of 28x28 images, width 32 unless said otherwise, 3 levels.</summary>
    public static StepModel UNet(int width = 32)
    {
        var spec = new ModelSpec { Kind = "unet", Width = width, Depth = 3 };
        return new("unet", spec, UNetFlops(spec));
    }

    /// <summary><c>dit</c> or <c>unet</c>.</summary>
    public string Name { get; }

    /// <summary>The network's spec.</summary>
    public ModelSpec Spec { get; }

    /// <summary>Multiplications and additions of one forward pass of one image, matrix products and convolutions only; a training step takes three times as many.</summary>
    public double ForwardFlops { get; }

    /// <summary>Initial weights, flat.</summary>
    public float[] Weights { get; }

    /// <summary>Where they lie.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>(B, C, H, W).</summary>
    public float[] Input { get; }

    /// <summary>(B, C, H, W).</summary>
    public float[] Target { get; }

    /// <summary>(B).</summary>
    public float[] Time { get; }

    /// <summary>A network, whose weights are not set.</summary>
    public Network Build() => Networks.Denoiser(Spec, Shape);

    /// <summary>Writes weights and batch as safetensors files into <paramref name="folder"/>.</summary>
    public (string Model, string Batch) Save(string folder)
    {
        string model = Path.Combine(folder, Name + ".safetensors");
        string batch = Path.Combine(folder, Name + "-batch.safetensors");
        File.WriteAllBytes(model, SafetensorsWriter.Write(
            Segments.Select(s => SafetensorsEntry.Of(s.Name, s.Shape, Weights.AsSpan((int)s.Offset, (int)s.Length))),
            new Dictionary<string, string>
            {
                ["channels"] = Text(Shape.Channels),
                ["side"] = Text(Shape.Height),
                ["patch"] = Text(Spec.Patch),
                ["width"] = Text(Spec.Width),
                ["depth"] = Text(Spec.Depth),
                ["heads"] = Text(Spec.Heads),
            }));
        long[] shape = [Batch, Shape.Channels, Shape.Height, Shape.Width];
        File.WriteAllBytes(batch, SafetensorsWriter.Write(
            [SafetensorsEntry.Of("input", shape, Input), SafetensorsEntry.Of("target", shape, Target), SafetensorsEntry.Of("time", [Batch], Time)]));
        return (model, batch);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static float[] Draw(string role)
    {
        var values = new float[Batch * Shape.Size];
        CounterRandom.Normal(values, 1, "benchmark/" + role, 0, 0);
        return values;
    }

    private static double DitFlops(ModelSpec spec)
    {
        double tokens = (double)Shape.Height * Shape.Width / (spec.Patch * spec.Patch);
        double d = spec.Width;
        double block = 24 * tokens * d * d + 4 * tokens * tokens * d + 12 * d * d;
        return spec.Depth * block + 4 * tokens * d * Shape.Channels * spec.Patch * spec.Patch;
    }

    private static double UNetFlops(ModelSpec spec)
    {
        double Convolution(int level, int inputs, int outputs, int kernel) =>
            2.0 * (Shape.Height >> level) * (Shape.Width >> level) * inputs * outputs * kernel * kernel;
        double Block(int level, int inputs, int outputs) =>
            Convolution(level, inputs, outputs, 3) + Convolution(level, outputs, outputs, 3) + (inputs == outputs ? 0 : Convolution(level, inputs, outputs, 1));
        int Channels(int level) => level <= 0 ? spec.Width : 2 * spec.Width;
        double flops = 2 * Convolution(0, Shape.Channels, spec.Width, 3) + Block(spec.Depth - 1, Channels(spec.Depth - 1), Channels(spec.Depth - 1));
        for (int level = 0; level < spec.Depth; level++)
        {
            flops += Block(level, Channels(level - 1), Channels(level)) + Block(level, 2 * Channels(level), Channels(level - 1));
        }

        return flops;
    }
}
