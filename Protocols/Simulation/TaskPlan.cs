using OrleansDDM.Protocols.Compression;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>A built-in learning task as a user writes it down.</summary>
public sealed record TaskPlan
{
    /// <summary>"quadratic" or "regression".</summary>
    public string Kind { get; init; } = "quadratic";

    /// <summary>Elements of a model.</summary>
    public int Dimension { get; init; } = 8;

    /// <summary>Learning rate.</summary>
    public double Rate { get; init; } = 0.05;

    /// <summary>How unlike the peers are.</summary>
    public double Skew { get; init; } = 1;

    /// <summary>Virtual seconds of a local step.</summary>
    public double StepSeconds { get; init; } = 0.02;

    /// <summary>Bytes of a model on the wire; null = 4 for each element.</summary>
    public long? ModelBytes { get; init; } = 350_000;

    /// <summary>How trained models are compressed when they are sent. With any but "none", bytes are those of the compressed elements.</summary>
    public CompressionOptions Compression { get; init; } = new();

    /// <summary>Checks ranges.</summary>
    /// <exception cref="SpecException">A value is out of range.</exception>
    public void Validate()
    {
        SimulationPlan.Within(Dimension, 1, 10_000_000, "task.dimension");
        SimulationPlan.Within(Rate, 0, 2, "task.rate");
        SimulationPlan.Within(Skew, 0, 1e6, "task.skew");
        SimulationPlan.Within(StepSeconds, 0.0001, 1e6, "task.stepSeconds");
        SimulationPlan.Within(ModelBytes ?? 1, 1, 1e12, "task.modelBytes");
        if (Compression is null)
        {
            throw new SpecException("simulation.task.compression", "must not be null");
        }

        Compression.Validate();
    }

    /// <summary>The task for so many peers.</summary>
    /// <exception cref="SpecException">There is no such task.</exception>
    public ArrayTask Create(int peers, ulong seed) => Kind switch
    {
        "quadratic" => new QuadraticTask(peers, seed, Dimension, Rate, Skew, StepSeconds, ModelBytes) { Compression = Compression },
        "regression" => new LinearRegressionTask(
            peers, seed, Dimension, rate: Rate, skew: Skew, stepSeconds: StepSeconds, modelBytes: ModelBytes)
        { Compression = Compression },
        _ => throw new SpecException("simulation.task.kind", $"must be quadratic or regression, not '{Kind}'"),
    };
}
