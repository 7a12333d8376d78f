using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Learning.Training;

using Xunit;

namespace OrleansDDM.Tests.Learning.Islands;

/// <summary>What is recorded of an island's rounds.</summary>
public sealed class IslandRecordTests
{
    private static readonly RunSpec Spec = TinyRun.Spec(10, training: new TrainingSpec { Weights = "raw", EmaDecay = 0.5 });

    [Fact]
    public void Models_of_peers_count_by_their_newest_and_older_rounds_change_no_step()
    {
        using IslandRecord record = Open(null);
        record.Offer(new IslandRound(0, 1, Model(record, 1), 4));
        record.Offer(new IslandRound(1, 2, Model(record, 3), 2));
        record.Offer(new IslandRound(1, 1, Model(record, 9), double.NaN));
        SliceReport slice = record.Train(TimeSpan.Zero, CancellationToken.None);

        Assert.Equal((2L, 4), (record.Rounds, record.Step));
        Assert.Equal(3, slice.Loss);
        Assert.All(Values(record.SaveWeights()), v => Assert.Equal(2, v));
        record.Offer(new IslandRound(0, 3, Model(record, 5), 1));
        record.Train(TimeSpan.Zero, CancellationToken.None);
        Assert.All(Values(record.SaveWeights()), v => Assert.Equal(4, v));
    }

    [Fact]
    public void Average_decays_by_the_steps_that_a_round_stands_for()
    {
        RunSpec spec = Spec with { Training = Spec.Training with { Weights = "ema" } };
        using IslandRecord record = Open(null, spec);
        float[] start = Values(record.SaveWeights());
        int largest = Array.IndexOf(start, start.Max());
        record.Offer(new IslandRound(-1, 2, Model(record, 1), 1));
        record.Train(TimeSpan.Zero, CancellationToken.None);

        // Steps 1 to 4 with decays min(0.5, (1 + n) / (10 + n)).
        double keep = 2 / 11.0 * (3 / 12.0) * (4 / 13.0) * (5 / 14.0);
        Assert.True(start[largest] > 0.1);
        Assert.Equal((keep * start[largest]) + (1 - keep), Values(record.SaveWeights())[largest], 1e-6);
    }

    [Fact]
    public void Resumed_record_ends_in_the_same_bytes()
    {
        using IslandRecord whole = Open(null);
        byte[] half = [];
        for (long round = 1; round <= 5; round++)
        {
            whole.Offer(new IslandRound(-1, round, Model(whole, round / 10f), round));
            whole.Train(TimeSpan.Zero, CancellationToken.None);
            half = round == 3 ? whole.SaveCheckpoint() : half;
        }

        using IslandRecord resumed = Open(half);
        Assert.Equal(3, resumed.Rounds);
        for (long round = 4; round <= 5; round++)
        {
            resumed.Offer(new IslandRound(-1, round, Model(resumed, round / 10f), round));
            resumed.Train(TimeSpan.Zero, CancellationToken.None);
        }

        Assert.Equal(whole.SaveCheckpoint(), resumed.SaveCheckpoint());
        Assert.Equal(whole.History, resumed.History);
        Assert.Equal(2, whole.History.Count(row => row.Name == "loss/validation"));
    }

    [Fact]
    public void Peer_that_stopped_long_ago_has_no_weight_and_a_slow_one_has()
    {
        using IslandRecord record = Open(null, rounds: 100);
        Offer(record, 3, 1, 100);
        for (long round = 1; round <= 50; round++)
        {
            Offer(record, 0, round, 1);
            Offer(record, 1, round, 2);
            if (round % 8 == 1)
            {
                Offer(record, 2, round, 6);
            }

            // As long as a tenth of all rounds.
            if (round is 2 or 11)
            {
                Assert.All(Values(record.SaveWeights()), v => Assert.Equal(27.25f, v));
            }
            else if (round >= 12)
            {
                Assert.All(Values(record.SaveWeights()), v => Assert.Equal(3, v));
            }
        }

        // Nor when it is told late.
        Offer(record, 3, 1, 100);
        Offer(record, 0, 51, 1);
        Assert.All(Values(record.SaveWeights()), v => Assert.Equal(3, v));
    }

    [Fact]
    public void Resumed_record_of_peers_ends_in_the_same_weights_and_is_never_one_peers_model()
    {
        using IslandRecord whole = Open(null);
        byte[] half = [];
        for (long round = 1; round <= 5; round++)
        {
            Offer(whole, (int)(round % 2), round, round);
            half = round == 3 ? whole.SaveCheckpoint() : half;
        }

        // Of rounds 2 and 3, and the mean of both stands in for the peer that has not told anew.
        using IslandRecord resumed = Open(half);
        Assert.All(Values(resumed.SaveWeights()), v => Assert.Equal(2.5f, v));
        Offer(resumed, 0, 4, 4);
        Assert.All(Values(resumed.SaveWeights()), v => Assert.Equal(3.25f, v));
        using IslandRecord again = Open(resumed.SaveCheckpoint());
        Offer(resumed, 1, 5, 5);
        Assert.Equal(whole.SaveWeights(), resumed.SaveWeights());

        // The mean survives a second resume as well.
        Offer(again, 1, 5, 5);
        Assert.All(Values(again.SaveWeights()), v => Assert.Equal(4.125f, v));
    }

    [Fact]
    public void Mean_of_before_a_resume_stands_in_for_peers_only_while_their_models_would_count()
    {
        using IslandRecord record = Open(null, rounds: 100);
        Offer(record, 0, 1, 1);
        Offer(record, 1, 2, 3);
        byte[] checkpoint = record.SaveCheckpoint();
        using IslandRecord resumed = Open(checkpoint, rounds: 100);
        Offer(resumed, 0, 12, 6);
        Assert.All(Values(resumed.SaveWeights()), v => Assert.Equal(4, v));
        Offer(resumed, 0, 13, 6);
        Assert.All(Values(resumed.SaveWeights()), v => Assert.Equal(6, v));

        // A checkpoint of an older release does not say of how many peers its mean is.
        SafetensorsFile file = SafetensorsReader.Read(checkpoint);
        using IslandRecord old = Open(SafetensorsWriter.Write(file.Entries, file.Metadata.Where(m => m.Key != "peers").ToDictionary()), rounds: 100);
        Assert.All(Values(old.SaveWeights()), v => Assert.Equal(2, v));
        Offer(old, 0, 3, 6);
        Assert.All(Values(old.SaveWeights()), v => Assert.Equal(6, v));
    }

    [Fact]
    public void Checkpoint_of_another_island_and_model_that_is_not_finite_are_refused()
    {
        using IslandRecord record = Open(null);
        byte[] checkpoint = record.SaveCheckpoint();
        Assert.Contains("belongs to", Assert.Throws<InvalidDataException>(() => Open(checkpoint, identity: "other")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Open(checkpoint[..^5]));
        record.Offer(new IslandRound(-1, 1, Model(record, float.NaN), 1));
        Assert.Throws<TrainingDivergedException>(() => record.Train(TimeSpan.Zero, CancellationToken.None));
    }

    private static void Offer(IslandRecord record, int peer, long round, float value)
    {
        record.Offer(new IslandRound(peer, round, Model(record, value), 1));
        record.Train(TimeSpan.Zero, CancellationToken.None);
    }

    private static IslandRecord Open(byte[]? checkpoint, RunSpec? spec = null, string identity = "run/expert-0", long rounds = 5)
    {
        spec ??= Spec;
        TrainingData data = TinyRun.Data();
        var plan = new IslandTraining(new Dictionary<int, int[]>(), 8, rounds, 2);
        return new IslandRecord(
            spec.Training, plan, new DenoisingTask(spec, data, 0), Networks.Denoiser(spec.Model, data.Shape), data.Shape, identity,
            v => Initializer.Fill(v, spec.Seed, "expert-0"), checkpoint);
    }

    private static float[] Values(byte[] weights) => [.. SafetensorsReader.Read(weights).Entries.SelectMany(e => e.ToFloats())];

    // A model whose every value is this one.
    private static byte[] Model(IslandRecord record, float value) => SafetensorsWriter.Write(
        SafetensorsReader.Read(record.SaveWeights()).Entries.Select(e =>
            SafetensorsEntry.Of(e.Name, e.Shape, Enumerable.Repeat(value, e.ToFloats().Length).ToArray())),
        new Dictionary<string, string>());
}
