using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Learning.Training;

using Xunit;

namespace OrleansDDM.Tests.Learning.Islands;

/// <summary>Local training of peers against training in one place.</summary>
public sealed class PeerTrainerTests
{
    // A width of 8 has no fused passes.
    [Theory]
    [InlineData("dit", 16, "float32", "adamw")]
    [InlineData("dit", 16, "bfloat16", "adamw")]
    [InlineData("unet", 16, "bfloat16", "sgd")]
    [InlineData("unet", 8, "bfloat16", "adamw")]
    public void One_peer_that_carries_its_moments_from_round_to_round_trains_as_one_place_does_bit_for_bit(string kind, int width, string precision, string optimizer)
    {
        ModelSpec model = kind == "dit" ? TinyRun.Dit : new ModelSpec { Kind = "unet", Width = width, Depth = 2 };
        RunSpec spec = TinyRun.Spec(12, model, new TrainingSpec { Precision = precision, Optimizer = optimizer, Weights = "raw" });
        using Trainer place = TinyRun.Expert(spec);
        TinyRun.ToEnd(place);
        using PeerTrainer peers = Open(spec, rounds: 3, steps: 4);
        byte[] weights = peers.Initial();
        PeerMoments? moments = null;
        for (long round = 0; round < 3; round++)
        {
            // Others pass through in between and leave nothing behind.
            peers.Train(peers.Initial(), 1, 7, 2, null, 0.1, CancellationToken.None);
            PeerTraining trained = peers.Train(weights, 0, round, 4, moments, 0, CancellationToken.None);
            (weights, moments) = (trained.Model, trained.Moments);
        }

        SafetensorsFile file = SafetensorsReader.Read(place.SaveWeights());
        float[] expected = [.. peers.Segments.SelectMany(s => file[s.Name].ToFloats())];
        Assert.Equal(expected, peers.Read(weights));
        Assert.NotEqual(peers.Read(peers.Initial()), peers.Read(weights));
    }

    [Fact]
    public void Sharpness_aware_step_takes_the_gradient_from_the_edge_of_the_ball()
    {
        RunSpec spec = TinyRun.Spec(1, training: new TrainingSpec { Optimizer = "sgd", LearningRate = 1, ClipNorm = 0 });
        using PeerTrainer peers = Open(spec, 1, 1);
        float[] start = peers.Read(peers.Initial());
        float[] gradient = Gradient(peers.Initial());
        double norm = Math.Sqrt(gradient.Sum(g => (double)g * g));
        float[] edge = [.. start.Zip(gradient, (s, g) => (float)(s + (0.5 * g / norm)))];

        float[] sharp = peers.Read(peers.Train(peers.Initial(), 0, 0, 1, null, 0.5, CancellationToken.None).Model);
        float[] expected = [.. start.Zip(Gradient(peers.Write(edge)), (s, g) => s - g)];
        Assert.Equal(expected, sharp, (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Contains(start.Zip(sharp), p => p.First != p.Second);

        // A step of rate 1 is the gradient.
        float[] Gradient(byte[] at) =>
            [.. peers.Read(at).Zip(peers.Read(peers.Train(at, 0, 0, 1, null, 0, CancellationToken.None).Model), (a, b) => a - b)];
    }

    [Fact]
    public void Model_that_does_not_fit_or_is_not_finite_is_refused()
    {
        using PeerTrainer peers = Open(TinyRun.Spec(2), 1, 2);
        float[] values = peers.Read(peers.Initial());
        values[3] = float.NaN;
        Assert.Contains("not finite", Assert.Throws<InvalidDataException>(() => peers.Read(peers.Write(values))).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => peers.Read([1, 2, 3]));
        byte[] whole = SafetensorsWriter.Write(peers.Segments.Select(s => SafetensorsEntry.Of(s.Name, s.Shape, new long[s.Length])));
        Assert.Throws<InvalidDataException>(() => peers.Read(whole));
        using PeerTrainer other = Open(TinyRun.Spec(2, new ModelSpec { Width = 32, Depth = 1, Heads = 2 }), 1, 2);
        Assert.Throws<InvalidDataException>(() => peers.Train(other.Initial(), 0, 0, 1, null, 0, CancellationToken.None));
    }

    [Fact]
    public void Training_that_leaves_a_model_that_is_not_finite_fails()
    {
        RunSpec spec = TinyRun.Spec(2, training: new TrainingSpec { Optimizer = "sgd", LearningRate = 100 });
        using PeerTrainer peers = Open(spec, 1, 1);

        // Loss and gradient are those of the initial model; only the step goes too far.
        var momentum = new PeerMoments(new Dictionary<string, float[]> { ["moment1"] = [.. Enumerable.Repeat(3e38f, peers.Read(peers.Initial()).Length)] }, 1);
        Assert.Contains(
            "trained model", Assert.Throws<TrainingDivergedException>(() => peers.Train(peers.Initial(), 0, 0, 1, momentum, 0, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    private static PeerTrainer Open(RunSpec spec, long rounds, int steps)
    {
        TrainingData data = TinyRun.Data();
        var plan = new IslandTraining(new Dictionary<int, int[]> { [0] = data.TrainRows(0) }, DenoisingTask.BatchOf(spec), rounds, steps);
        return new PeerTrainer(
            spec.Training, plan, _ => new DenoisingTask(spec, data, 0), Networks.Denoiser(spec.Model, data.Shape), data.Shape, "run/expert-0",
            v => Initializer.Fill(v, spec.Seed, "expert-0"));
    }
}
