using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Training;

public sealed class DrawTests
{
    [Theory]
    [InlineData(7, 3)]
    [InlineData(5, 5)]
    [InlineData(3, 8)]
    public void Every_pass_covers_every_row_once(int count, int batch)
    {
        int[] rows = [.. Enumerable.Range(100, count)];
        var order = new DataOrder(rows, batch, 1, "test");
        const int Passes = 4;
        int[] drawn = [.. Enumerable.Range(0, Passes * count).SelectMany(step => order.Batch(step)).Take(Passes * count)];
        int[][] passes = [.. drawn.Chunk(count)];
        Assert.All(passes, pass => Assert.Equal(rows, pass.Order()));
        Assert.Contains(passes, pass => !pass.SequenceEqual(passes[0]));
    }

    [Fact]
    public void A_batch_depends_on_its_step_and_not_on_what_was_asked_before()
    {
        int[] rows = [.. Enumerable.Range(0, 11)];
        var sequential = new DataOrder(rows, 4, 1, "test");
        int[][] batches = [.. Enumerable.Range(0, 9).Select(sequential.Batch)];
        foreach (int step in new[] { 8, 0, 5, 5, 2 })
        {
            Assert.Equal(batches[step], sequential.Batch(step));
            Assert.Equal(batches[step], new DataOrder(rows, 4, 1, "test").Batch(step));
        }

        Assert.NotEqual(batches[0], new DataOrder(rows, 4, 2, "test").Batch(0));
        Assert.NotEqual(batches[0], new DataOrder(rows, 4, 1, "other").Batch(0));
    }

    [Fact]
    public void An_order_of_nothing_is_refused() => Assert.Throws<ArgumentException>(() => new DataOrder([], 4, 1, "test"));

    [Fact]
    public void Validation_rows_of_sorted_images_are_of_all_classes()
    {
        var sorted = new ImageDataset("x", "validation", 1, 1, 1, new byte[1000], [.. Enumerable.Range(0, 1000).Select(i => i / 250)]);
        int[] clusters = [.. Enumerable.Range(0, 1000).Select(i => i % 2)];
        var data = new TrainingData(new DataSplits(sorted, sorted, sorted), clusters, clusters, 3);
        foreach (int cluster in new[] { -1, 0, 1, 2 })
        {
            int[] rows = data.ValidationSample(cluster);
            Assert.Equal(192, rows.Distinct().Count());
            Assert.Equal(4, rows.Select(row => sorted.Labels.Span[row]).Distinct().Count());
            Assert.True(cluster is < 0 or 2 || rows.All(row => clusters[row] == cluster));
        }
    }

    [Fact]
    public void Noise_and_times_are_keyed_by_seed_stream_place_and_step()
    {
        ImageDataset images = TinyRun.Data().Splits.Train;
        NoisyBatch Draw(ulong seed = 1, string stream = "s", int step = 2, int count = 6) =>
            NoisyBatch.Draw(images, [.. Enumerable.Range(0, count)], new DiffusionSpec(), flip: false, seed, stream, step);
        NoisyBatch batch = Draw();
        Assert.Equal(batch.Noise, Draw().Noise);
        Assert.Equal(batch.Time, Draw().Time);
        foreach (NoisyBatch other in new[] { Draw(seed: 2), Draw(stream: "t"), Draw(step: 3) })
        {
            Assert.NotEqual(batch.Noise, other.Noise);
            Assert.NotEqual(batch.Time, other.Time);
        }

        Assert.Equal(batch.Noise.Take(64), Draw(count: 1).Noise);
        Assert.NotEqual(batch.Noise.Take(64), batch.Noise.Skip(64).Take(64));
    }

    [Fact]
    public void Times_take_one_value_in_each_stratum_and_levels_follow_the_path()
    {
        ImageDataset images = TinyRun.Data().Splits.Train;
        NoisyBatch batch = NoisyBatch.Draw(images, [.. Enumerable.Range(0, 20)], new DiffusionSpec(), false, 1, "s", 0);
        for (int i = 0; i < 20; i++)
        {
            Assert.InRange(batch.Time[i], i / 20.0, (i + 1) / 20.0);
            Assert.Equal(1 - batch.Time[i], batch.Alpha[i], 1e-6f);
            Assert.Equal(batch.Time[i], batch.Sigma[i]);
        }
    }

    [Fact]
    public void Logit_normal_times_have_the_given_median_and_spread()
    {
        ImageDataset images = TinyRun.Data().Splits.Train;
        var diffusion = new DiffusionSpec { Times = "logit-normal", LogitMean = 0.7, LogitStd = 0.5 };
        int[] rows = [.. Enumerable.Range(0, 2000).Select(i => i % images.Count)];
        NoisyBatch batch = NoisyBatch.Draw(images, rows, diffusion, false, 1, "s", 0);
        double[] logits = [.. batch.Time.Select(t => Math.Log(t / (1 - (double)t)))];
        double mean = logits.Average();
        Assert.Equal(0.7, mean, 0.01);
        Assert.Equal(0.5, Math.Sqrt(logits.Average(l => (l - mean) * (l - mean))), 0.01);
    }

    [Fact]
    public void Flips_mirror_about_half_of_the_images_left_to_right()
    {
        ImageDataset images = TinyRun.Data().Splits.Train;
        int[] rows = new int[200];
        NoisyBatch plain = NoisyBatch.Draw(images, rows, new DiffusionSpec(), false, 1, "s", 0);
        NoisyBatch flipped = NoisyBatch.Draw(images, rows, new DiffusionSpec(), true, 1, "s", 0);
        float[] image = plain.Clean[..64];
        float[] mirror = [.. image.Chunk(8).SelectMany(row => row.Reverse())];
        int mirrored = flipped.Clean.Chunk(64).Count(clean => clean.SequenceEqual(mirror));
        int kept = flipped.Clean.Chunk(64).Count(clean => clean.SequenceEqual(image));
        Assert.Equal(200, mirrored + kept);
        Assert.InRange(mirrored, 70, 130);
    }

    [Fact]
    public void The_learning_rate_rises_stays_and_falls_linearly()
    {
        var spec = new TrainingSpec { Warmup = 10, DecayShare = 0.5 };
        Assert.Equal(0.1, LearningRate.At(spec, 1, 0, 100), 12);
        Assert.Equal(0.5, LearningRate.At(spec, 1, 4, 100), 12);
        Assert.Equal(3, LearningRate.At(spec, 3, 9, 100), 12);
        Assert.Equal(1, LearningRate.At(spec, 1, 50, 100), 12);
        Assert.Equal(0.5, LearningRate.At(spec, 1, 75, 100), 12);
        Assert.Equal(0.02, LearningRate.At(spec, 1, 99, 100), 12);
        Assert.Equal(1, LearningRate.At(spec with { Warmup = 0, DecayShare = 0 }, 1, 0, 100));
    }
}
