using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Evaluation;

public sealed class HeldOutLossTests
{
    private static readonly INoiseSchedule Flow = NoiseSchedules.Parse("flow");

    [Fact]
    public void Times_fill_every_stratum_and_depend_on_seed_row_and_stratum_alone()
    {
        const int strata = 4;
        int[] rows = [.. Enumerable.Range(0, 1000)];
        for (int stratum = 0; stratum < strata; stratum++)
        {
            double[] times = [.. rows.Select(row => NoisyBatch.PairedTime(1, row, stratum, strata))];
            Assert.All(times, t => Assert.InRange(t, (stratum / 4.0) + 1e-4, ((stratum + 1) / 4.0) - 1e-4));
            Assert.Equal((stratum + 0.5) / 4, times.Average(), 0.01);
            Assert.Equal(32, times.Distinct().Count());
            Assert.NotEqual(times, rows.Select(row => NoisyBatch.PairedTime(2, row, stratum, strata)));
        }
    }

    [Fact]
    public void An_expert_is_asked_at_the_time_of_each_image_and_errors_keep_their_places()
    {
        // It answers with the time that it is asked at: eps - x0 - t, to be told from the batch of the same draws.
        ImageDataset images = Images(70);
        int[] rows = images.RowsByRank(50, seed: 9);
        double[] errors = HeldOutLoss.Errors(Echo(), Flow, images, rows, strata: 3, seed: 5);
        for (int stratum = 0; stratum < 3; stratum++)
        {
            NoisyBatch batch = NoisyBatch.Paired(images, rows, Flow, 5, stratum, 3);
            for (int i = 0; i < rows.Length; i++)
            {
                double expected = Enumerable.Range(i * 16, 16).Average(j => Math.Pow(batch.Noise[j] - batch.Clean[j] - batch.Time[i], 2));
                Assert.Equal(expected, errors[(i * 3) + stratum], 1e-3 * expected);
            }
        }
    }

    [Fact]
    public void A_row_has_the_same_error_in_any_company()
    {
        ImageDataset images = Images(40);
        double[] all = HeldOutLoss.Errors(Echo(), Flow, images, [.. Enumerable.Range(0, 40)], 2, 5);
        double[] some = HeldOutLoss.Errors(Echo(), Flow, images, [31, 4], 2, 5);
        Assert.Equal([all[62], all[63], all[8], all[9]], some);
    }

    private static EnsembleDenoiser<float> Echo() => new(null, [new TimeEcho()], MixingRules.Parse("full", [1.0]));

    private static ImageDataset Images(int count)
    {
        var pixels = new byte[count * 16];
        new Random(1).NextBytes(pixels);
        return new ImageDataset("random", "test", 1, 4, 4, pixels);
    }

    private sealed class TimeEcho : IExpert<float>
    {
        public ExpertContract Contract { get; } = new(Flow, Parameterizations.Parse("flow"));

        public ValueTask<State<float>> PredictAsync(State<float> x, Level level, Condition condition, CancellationToken cancellation = default)
        {
            var values = new float[x["x"].Values.Length];
            Array.Fill(values, (float)level.Time);
            return ValueTask.FromResult(State<float>.Of(x["x"].Shape, values));
        }
    }
}
