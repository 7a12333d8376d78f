using OrleansDDM.Learning.Metrics;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;

using TorchSharp;

using Xunit;

namespace OrleansDDM.Tests.Learning.Metrics;

public sealed class FeatureNetworkTests
{
    private static readonly FeatureTraining Small = new() { Channels = 1, Height = 16, Width = 16, Classes = Blobs.Classes, Seed = 3, Steps = 60, Batch = 32 };

    private static FeatureNetwork Train(FeatureTraining training)
    {
        (float[] images, int[] labels) = Blobs.Draw(256, seed: 1, training.Channels, training.Width);
        return FeatureNetwork.Train(images, labels, training);
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(3, 8)]
    [InlineData(3, 21)]
    public void Training_learns_to_tell_the_classes_of_unseen_images_apart(int channels, int size)
    {
        using FeatureNetwork network = Train(Small with { Channels = channels, Height = size, Width = size });
        (float[] images, int[] labels) = Blobs.Draw(300, seed: 2, channels, size);
        Assert.InRange(network.Accuracy(images, labels), 0.97, 1);
        using FeatureNetwork untrained = Train(Small with { Channels = channels, Height = size, Width = size, Steps = 0 });
        Assert.InRange(untrained.Accuracy(images, labels), 0, 0.7);
    }

    [Fact]
    public void Training_is_a_function_of_data_and_seed_and_not_of_torchs_generator()
    {
        FeatureTraining training = Small with { Steps = 15 };
        using FeatureNetwork first = Train(training);
        using (torch.randn(100))
        {
            using FeatureNetwork second = Train(training);
            using FeatureNetwork other = Train(training with { Seed = 4 });
            Assert.Equal(first.Save(), second.Save());
            Assert.Equal(first.Name, second.Name);
            Assert.NotEqual(first.Name, other.Name);
            Assert.Matches("^lenet64/[0-9a-f]{8}$", first.Name);
        }
    }

    [Fact]
    public void Features_and_probabilities_do_not_depend_on_how_images_are_batched()
    {
        using FeatureNetwork network = Train(Small with { Steps = 5 });
        float[] images = Blobs.Draw(600, seed: 2).Images;
        FeatureSet all = network.Features(images);
        Assert.Equal((600, 64), (all.Count, all.Width));
        FeatureSet one = network.Features(images[(599 * 256)..]);
        for (int i = 0; i < 64; i++)
        {
            Assert.Equal(one.Values[i], all.Row(599)[i], 1e-5f);
        }

        float[] probabilities = network.Probabilities(images);
        Assert.Equal(2400, probabilities.Length);
        for (int i = 0; i < 600; i++)
        {
            Assert.Equal(1, probabilities.AsSpan(i * 4, 4).ToArray().Sum(), 1e-5f);
        }
    }

    [Fact]
    public void Load_gives_the_saved_network()
    {
        using FeatureNetwork network = Train(Small with { Steps = 5 });
        using FeatureNetwork loaded = FeatureNetwork.Load(network.Save());
        float[] images = Blobs.Draw(10, seed: 2).Images;
        Assert.Equal(network.Name, loaded.Name);
        Assert.Equal(network.Features(images).Values, loaded.Features(images).Values);
        Assert.Equal(network.Probabilities(images), loaded.Probabilities(images));
    }

    [Fact]
    public void Load_refuses_other_files()
    {
        using FeatureNetwork network = Train(Small with { Steps = 0 });
        SafetensorsFile file = SafetensorsReader.Read(network.Save());
        Assert.Throws<SafetensorsException>(() => FeatureNetwork.Load(new byte[10]));
        Assert.Throws<ArgumentException>(() => FeatureNetwork.Load(SafetensorsWriter.Write(file.Entries)));
        Assert.Throws<SafetensorsException>(() => FeatureNetwork.Load(SafetensorsWriter.Write(file.Entries.Skip(1), file.Metadata)));
        var wrong = new Dictionary<string, string>(file.Metadata) { ["classes"] = "5" };
        Assert.Throws<ArgumentException>(() => FeatureNetwork.Load(SafetensorsWriter.Write(file.Entries, wrong)));
    }

    [Fact]
    public void No_tensor_is_left_alive()
    {
        float[] images = Blobs.Draw(600, seed: 2).Images;
        using (FeatureNetwork network = Train(Small with { Steps = 3 }))
        {
            Assert.Equal(0, Growth(() => network.Features(images)));
            Assert.Equal(0, Growth(() => network.Probabilities(images)));
            Assert.Equal(0, Growth(() => network.Save()));
        }

        // TorchSharp's Conv2d leaves a tensor behind when it is disposed; the network adds none to that.
        long bare = Growth(() => torch.nn.Conv2d(1, 1, 3).Dispose());
        Assert.Equal(2 * bare, Growth(() => Train(Small with { Steps = 2 }).Dispose()));
        Assert.Equal(2 * bare, Growth(() => Train(Small with { Steps = 12 }).Dispose()));

        // Counts are per thread, so tests that run beside this one do not matter.
        static long Growth(Action action)
        {
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            action();
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        }
    }

    [Fact]
    public void Training_stops_when_asked_to()
    {
        using var stop = new CancellationTokenSource();
        int[] labels = Blobs.Draw(64, seed: 1).Labels;
        int batches = 0;
        Assert.Throws<OperationCanceledException>(() => FeatureNetwork.Train(
            (rows, batch) =>
            {
                batch.Clear();
                if (++batches == 3)
                {
                    stop.Cancel();
                }
            },
            labels,
            Small,
            stop.Token));
        Assert.Equal(3, batches);
    }

    [Fact]
    public void Bad_input_is_refused_by_name()
    {
        (float[] images, int[] labels) = Blobs.Draw(8, seed: 1);
        Assert.Throws<ArgumentException>(() => FeatureNetwork.Train(images[1..], labels, Small));
        Assert.Contains("Image 2", Assert.Throws<ArgumentException>(() => FeatureNetwork.Train(images, [0, 1, 4, 0, 0, 0, 0, 0], Small)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => FeatureNetwork.Train([], [], Small));
        Assert.Contains("Channels", Assert.Throws<ArgumentException>(() => FeatureNetwork.Train((_, _) => { }, labels, Small with { Channels = 2 })).Message, StringComparison.Ordinal);
        images[5] = float.NaN;
        Assert.Throws<TrainingDivergedException>(() => FeatureNetwork.Train(images, labels, Small));
        using FeatureNetwork network = FeatureNetwork.Train(Blobs.Draw(8, seed: 1).Images, labels, Small with { Steps = 0 });
        Assert.Throws<ArgumentException>(() => network.Features(new float[100]));
        Assert.Throws<ArgumentException>(() => network.Features(images));
    }
}
