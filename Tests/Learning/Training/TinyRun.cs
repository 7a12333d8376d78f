using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Tests.Learning.Training;

/// <summary>A run of seconds: 8x8 images, bright on the left (class and cluster 0) or on the right (1).</summary>
internal static class TinyRun
{
    public static readonly ModelSpec Dit = new() { Width = 16, Depth = 1, Heads = 2 };

    public static RunSpec Spec(int steps, ModelSpec? model = null, TrainingSpec? training = null, int experts = 1) => new()
    {
        Seed = 5,
        Experts = new ExpertsSpec { Count = experts },
        Model = model ?? Dit,
        Router = new RouterSpec { Model = Dit, StepShare = 1, Batch = 8, LearningRate = 3e-3 },
        Training = (training ?? new TrainingSpec()) with { Steps = steps, Batch = 8 * experts, Warmup = 2, Validations = 2 },
    };

    public static TrainingData Data(int clusters = 1)
    {
        ImageDataset train = Images("train", 24);
        ImageDataset validation = Images("validation", 6);
        int[] Clusters(ImageDataset images) => [.. images.Labels.ToArray().Select(label => label % clusters)];
        return new TrainingData(new DataSplits(train, validation, validation), Clusters(train), Clusters(validation), clusters);
    }

    public static Trainer Expert(RunSpec spec, byte[]? checkpoint = null, string identity = "run/expert-0")
    {
        TrainingData data = Data();
        Network network = Networks.Denoiser(spec.Model, data.Shape);
        return new Trainer(spec.Training, new DenoisingTask(spec, data, 0), network, data.Shape, identity, v => Initializer.Fill(v, spec.Seed, "expert-0"), checkpoint);
    }

    public static Trainer Router(RunSpec spec, byte[]? checkpoint = null)
    {
        TrainingData data = Data(2);
        Network network = Networks.Router(spec.Router.Model, data.Shape, 2);
        return new Trainer(spec.Training, new RouterTask(spec, data), network, data.Shape, "run/router", v => Initializer.Fill(v, spec.Seed, "router"), checkpoint);
    }

    /// <summary>One optimizer step: a slice without budget does exactly one.</summary>
    public static SliceReport Step(Trainer trainer) => trainer.Train(TimeSpan.Zero, CancellationToken.None);

    public static void ToEnd(Trainer trainer)
    {
        while (trainer.Step < trainer.Steps)
        {
            trainer.Train(TimeSpan.FromHours(1), CancellationToken.None);
        }
    }

    private static ImageDataset Images(string split, int count)
    {
        var pixels = new byte[count * 64];
        for (int i = 0; i < pixels.Length; i++)
        {
            bool bright = i % 8 / 4 == i / 64 % 2;
            pixels[i] = (byte)((bright ? 200 : 20) + i * 7 % 40);
        }

        return new ImageDataset("halves", split, 1, 8, 8, pixels, [.. Enumerable.Range(0, count).Select(i => i % 2)], ["left", "right"]);
    }
}
