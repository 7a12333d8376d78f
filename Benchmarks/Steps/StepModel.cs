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
    private StepModel(string name, ModelSpec spec)
    {
        (Name, Spec, ForwardFlops) = (name, spec, ModelFlops.Denoiser(spec, Shape));
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

    /// <summary>The names that <see cref="Of"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["dit", "unet"];

    /// <summary>The model of a name.</summary>
    public static StepModel Of(string name) => name == "dit" ? Dit() : UNet();

    /// <summary>DiT of 28x28 images, patch 4, width 64, 4 blocks.</summary>
    public static StepModel Dit() => new("dit", new ModelSpec());

    /// <summary>U-Net of 28x28 images, width 32 unless said otherwise, 3 levels.</summary>
    public static StepModel UNet(int width = 32) => new("unet", new ModelSpec { Kind = "unet", Width = width, Depth = 3 });

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
}
