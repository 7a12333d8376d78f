using System.Runtime.InteropServices;

using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using Xunit;

namespace OrleansDDM.Tests.Learning.Training;

public sealed class TrainerTests
{
    [Theory]
    [InlineData("dit", "float32", "adamw")]
    [InlineData("dit", "float32", "sgd")]
    [InlineData("dit", "bfloat16", "adamw")]
    [InlineData("unet", "float32", "adamw")]
    [InlineData("unet8", "float32", "adamw")]
    [InlineData("mlp", "float32", "adamw")]
    [InlineData("router", "float32", "adamw")]
    public void Resume_at_any_step_ends_in_the_same_bytes(string kind, string precision, string optimizer)
    {
        const int Steps = 6;
        var training = new TrainingSpec { Precision = precision, Optimizer = optimizer, WeightDecay = 0.01 };
        ModelSpec model = kind switch
        {
            "unet" => new ModelSpec { Kind = "unet", Width = 16, Depth = 2, ClassConditional = true, ConditionDropout = 0.3 },
            "unet8" => new ModelSpec { Kind = "unet", Width = 8, Depth = 2 },
            "mlp" => new ModelSpec { Kind = "mlp", Width = 16, Depth = 2 },
            _ => TinyRun.Dit with { ClassConditional = true, ConditionDropout = 0.3 },
        };
        RunSpec spec = TinyRun.Spec(Steps, model, training);
        Trainer Open(byte[]? checkpoint) => kind == "router" ? TinyRun.Router(spec, checkpoint) : TinyRun.Expert(spec, checkpoint);

        var checkpoints = new List<byte[]>();
        using Trainer whole = Open(null);
        while (whole.Step < whole.Steps)
        {
            checkpoints.Add(whole.SaveCheckpoint());
            TinyRun.Step(whole);
        }

        byte[] end = whole.SaveCheckpoint();
        Assert.Equal(Steps, checkpoints.Count);
        for (int step = 0; step < Steps; step++)
        {
            using Trainer resumed = Open(checkpoints[step]);
            Assert.Equal(step, resumed.Step);
            Assert.Equal(checkpoints[step], resumed.SaveCheckpoint());
            TinyRun.ToEnd(resumed);
            Assert.Equal(end, resumed.SaveCheckpoint());
            Assert.Equal(whole.SaveWeights(), resumed.SaveWeights());
            Assert.Equal(whole.History, resumed.History);
        }
    }

    [Fact]
    public void A_checkpoint_of_another_run_is_refused()
    {
        RunSpec spec = TinyRun.Spec(4);
        using Trainer trainer = TinyRun.Expert(spec);
        byte[] checkpoint = trainer.SaveCheckpoint();
        var e = Assert.Throws<InvalidDataException>(() => TinyRun.Expert(spec, checkpoint, "other/expert-0"));
        Assert.Contains("run/expert-0", e.Message);
        Assert.Contains("other/expert-0", e.Message);
    }

    [Fact]
    public void A_checkpoint_of_another_network_is_refused()
    {
        using Trainer trainer = TinyRun.Expert(TinyRun.Spec(4));
        byte[] checkpoint = trainer.SaveCheckpoint();
        RunSpec wider = TinyRun.Spec(4, TinyRun.Dit with { Width = 32 });
        Assert.Throws<InvalidDataException>(() => TinyRun.Expert(wider, checkpoint));
    }

    [Fact]
    public void A_corrupt_checkpoint_is_refused()
    {
        RunSpec spec = TinyRun.Spec(4);
        using Trainer trainer = TinyRun.Expert(spec);
        byte[] checkpoint = trainer.SaveCheckpoint();
        Assert.Throws<InvalidDataException>(() => TinyRun.Expert(spec, []));
        foreach (int length in new[] { 1, 9, 100, checkpoint.Length / 2, checkpoint.Length - 1 })
        {
            Assert.Throws<InvalidDataException>(() => TinyRun.Expert(spec, checkpoint[..length]));
        }

        byte[] notFinite = [.. checkpoint];
        notFinite.AsSpan(notFinite.Length - 4).Fill(0xff);
        Assert.Throws<InvalidDataException>(() => TinyRun.Expert(spec, notFinite));
        byte[] weights = trainer.SaveWeights();
        Assert.Throws<InvalidDataException>(() => TinyRun.Expert(spec, weights));
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    public void Divergence_ends_the_training_with_a_clear_error(string precision)
    {
        var training = new TrainingSpec { Optimizer = "sgd", LearningRate = 1e30, ClipNorm = 0, Precision = precision };
        using Trainer trainer = TinyRun.Expert(TinyRun.Spec(50, training: training));
        var e = Assert.Throws<TrainingDivergedException>(() => TinyRun.ToEnd(trainer));
        Assert.Contains("training.learningRate", e.Message);
        Assert.True(trainer.Step < 10);
    }

    [Theory]
    [InlineData("dit", "float32")]
    [InlineData("dit", "bfloat16")]
    [InlineData("unet", "float32")]
    [InlineData("unet8", "float32")]
    [InlineData("unet8", "bfloat16")]
    public void No_tensor_stays_alive_after_a_step(string kind, string precision)
    {
        ModelSpec model = kind switch
        {
            "unet" => new ModelSpec { Kind = "unet", Width = 16, Depth = 2 },
            "unet8" => new ModelSpec { Kind = "unet", Width = 8, Depth = 2 },
            _ => TinyRun.Dit with { ClassConditional = true },
        };
        using Trainer trainer = TinyRun.Expert(TinyRun.Spec(40, model, new TrainingSpec { Precision = precision }));
        TinyRun.Step(trainer);
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (int i = 0; i < 30; i++)
        {
            TinyRun.Step(trainer);
            Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
    }

    // 8 channels have no fused passes: both ways of rounding are seen on a processor with 512-bit vectors.
    [Theory]
    [InlineData(16)]
    [InlineData(8)]
    public void Bfloat16_rounds_what_the_network_computes_with_and_not_what_the_optimizer_keeps(int width)
    {
        var model = new ModelSpec { Kind = "unet", Width = width, Depth = 2 };
        (double Loss, bool Exact)[] runs = [.. new[] { "float32", "bfloat16" }.Select(precision =>
        {
            var training = new TrainingSpec { Precision = precision, Weights = "raw" };
            using Trainer trainer = TinyRun.Expert(TinyRun.Spec(20, model, training));
            TinyRun.ToEnd(trainer);
            SafetensorsFile file = SafetensorsReader.Read(trainer.SaveWeights());
            bool exact = file.Entries.All(entry => MemoryMarshal.Cast<byte, uint>(entry.Data.Span).ToArray().All(bits => (bits & 0xffff) == 0));
            return (trainer.History.Last(row => row.Name == "loss/train").Value, exact);
        })];
        Assert.NotEqual(runs[0].Loss, runs[1].Loss);
        Assert.Equal(1, runs[1].Loss / runs[0].Loss, 0.02);
        Assert.False(runs[1].Exact);
    }

    [Fact]
    public void A_session_leaves_no_tensor_behind()
    {
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        using (Trainer trainer = TinyRun.Expert(TinyRun.Spec(2)))
        {
            TinyRun.ToEnd(trainer);
            trainer.SaveCheckpoint();
            trainer.SaveWeights();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void The_loss_falls_on_a_small_task()
    {
        var training = new TrainingSpec { LearningRate = 5e-3, DecayShare = 0.5, EmaDecay = 0.95 };
        using Trainer trainer = TinyRun.Expert(TinyRun.Spec(400, TinyRun.Dit with { Width = 32 }, training));
        TinyRun.ToEnd(trainer);
        MetricRow[] train = [.. trainer.History.Where(row => row.Name == "loss/train")];
        double first = train.Take(5).Average(row => row.Value);
        double last = train.TakeLast(20).Average(row => row.Value);
        Assert.True(last < 0.25 * first, $"{first} to {last}");
        Assert.True(trainer.History.Last(row => row.Name == "loss/validation").Value < 0.25 * first);
    }

    [Fact]
    public void A_router_learns_the_clusters_at_little_noise()
    {
        using Trainer trainer = TinyRun.Router(TinyRun.Spec(150));
        TinyRun.ToEnd(trainer);
        Assert.True(trainer.History.Last(row => row.Name == "accuracy/t=0.125").Value > 0.95);
        Assert.True(trainer.History.Last(row => row.Name == "loss/validation").Value < 0.5 * Math.Log(2));
    }

    [Fact]
    public void The_average_warms_up_and_is_what_is_exported()
    {
        RunSpec ema = TinyRun.Spec(3);
        using Trainer trainer = TinyRun.Expert(ema);
        float[] start = Tensor(trainer.SaveCheckpoint(), "values");
        TinyRun.Step(trainer);
        byte[] checkpoint = trainer.SaveCheckpoint();
        float[] values = Tensor(checkpoint, "values");
        float[] average = Tensor(checkpoint, "average");
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(start[i] + (1 - 2.0 / 11) * (values[i] - start[i]), average[i], 1e-6);
        }

        Assert.Equal(average, Flat(trainer.SaveWeights()));
        using Trainer raw = TinyRun.Expert(ema with { Training = ema.Training with { Weights = "raw" } }, checkpoint);
        Assert.Equal(values, Flat(raw.SaveWeights()));
    }

    [Fact]
    public void Clipping_bounds_the_gradient_that_reaches_the_optimizer()
    {
        // SGD without momentum moves by rate times gradient, so the length of the first step shows the gradient's norm.
        double Move(double clip)
        {
            var training = new TrainingSpec { Optimizer = "sgd", Beta1 = 0, LearningRate = 1, ClipNorm = clip };
            RunSpec spec = TinyRun.Spec(4, training: training);
            using Trainer trainer = TinyRun.Expert(spec);
            float[] start = Tensor(trainer.SaveCheckpoint(), "values");
            TinyRun.Step(trainer);
            return Math.Sqrt(Tensor(trainer.SaveCheckpoint(), "values").Zip(start, (a, b) => Math.Pow(a - b, 2)).Sum()) / 0.5;
        }

        double free = Move(0);
        Assert.True(free > 0.01);
        Assert.Equal(0.01, Move(0.01), 1e-5);
        Assert.Equal(free, Move(2 * free), 1e-6);
    }

    [Fact]
    public void A_slice_stops_at_cancellation_and_reports_what_it_did()
    {
        using Trainer trainer = TinyRun.Expert(TinyRun.Spec(10));
        SliceReport none = trainer.Train(TimeSpan.FromHours(1), new CancellationToken(canceled: true));
        Assert.Equal(0, none.Step);
        Assert.True(double.IsNaN(none.Loss));
        SliceReport one = TinyRun.Step(trainer);
        Assert.Equal(1, one.Step);
        Assert.Contains(one.Rows, row => row.Name == "loss/train" && row.Value == one.Loss);
        TinyRun.ToEnd(trainer);
        Assert.Equal(10, trainer.Step);
        Assert.Equal(2, trainer.History.Count(row => row.Name == "loss/validation"));
    }

    private static float[] Tensor(byte[] file, string name)
    {
        Assert.True(SafetensorsReader.Read(file).TryGet(name, out SafetensorsEntry? entry));
        return entry.ToFloats();
    }

    private static float[] Flat(byte[] weights)
    {
        SafetensorsFile file = SafetensorsReader.Read(weights);
        using var network = OrleansDDM.Learning.Models.Networks.Denoiser(TinyRun.Dit, TinyRun.Data().Shape);
        using var vector = OrleansDDM.Learning.Models.ModelVector.Adopt(network);
        FlatTensors.LoadSegments(file, vector);
        return vector.Values.data<float>().ToArray();
    }
}
