using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Compression;

public sealed class CompressedRunTests
{
    [Theory]
    [InlineData("dpsgd", "bf16", 0.02)]
    [InlineData("dpsgd", "int8", 0.02)]
    [InlineData("modest", "int8", 0.02)]
    [InlineData("fedavg", "top-k", 0.1)]
    public void Runs_that_compress_learn_nearly_the_same_with_fewer_bytes(string protocol, string kind, double difference)
    {
        (double whole, long wholeBytes) = Run(protocol, "none");
        (double compressed, long bytes) = Run(protocol, kind);

        Assert.True(compressed < whole + difference, $"loss {compressed} against {whole}");
        Assert.True(bytes < 0.75 * wholeBytes, $"{bytes} of {wholeBytes} bytes");
    }

    [Fact]
    public void Bytes_of_compressed_models_are_exact()
    {
        SimulationPlan plan = Plans.Of("dpsgd", peers: 10, seconds: 1000) with
        {
            Task = new TaskPlan { Dimension = 1000, ModelBytes = null, Compression = new CompressionOptions { Kind = "int8" } },
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { Rounds = 20, DeadlineSeconds = 30 }),
        };

        Assert.Equal(20L * 10 * 2 * (9 + 16 + 1000), new Simulator(plan).Run().ModelBytes);
    }

    [Fact]
    public void Difference_costs_the_whole_model_where_its_base_is_not_held()
    {
        QuadraticTask task = new(2, 1, 1000, modelBytes: null) { Compression = new CompressionOptions { Kind = "top-k", Keep = 0.01 } };
        ModelHandle first = task.Complete(new TrainWork(0, task.InitialModel, 0, 1, 0))!.Value;
        ModelHandle second = task.Complete(new TrainWork(0, first, 1, 1, 1))!.Value;

        Assert.Equal(9 + 80, task.Bytes(first, new HashSet<ModelHandle>()));
        Assert.Equal(4000, task.Bytes(second, new HashSet<ModelHandle>()));
        Assert.Equal(9 + 80, task.Bytes(second, new HashSet<ModelHandle> { first }));
    }

    private static (double Loss, long Bytes) Run(string protocol, string kind)
    {
        SimulationPlan plan = Plans.Of(protocol, 3, 10, 60) with
        {
            Task = new TaskPlan
            {
                Kind = "regression",
                Dimension = 40,
                Skew = 0.2,
                ModelBytes = null,
                Compression = new CompressionOptions { Kind = kind, Keep = 0.1 },
            },
        };
        Simulator simulator = new(plan);
        ModelHandle last = default;
        simulator.Observer = o => last = o.Effects.OfType<Effect.Report>().LastOrDefault(r => r.Kind == ReportKind.RoundCompleted)?.Model ?? last;
        SimulationResult result = simulator.Run();
        return (((LinearRegressionTask)simulator.Task).Loss(last), result.ModelBytes);
    }
}
