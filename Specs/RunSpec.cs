namespace OrleansDDM.Specs;

/// <summary>
/// What fixes one run: the training of one ensemble, from data to servable model. Two runs with the same spec and seed
/// give the same model. Its identity is <see cref="SpecJson.Hash"/>.
/// </summary>
public sealed record RunSpec
{
    /// <summary>Name of the run: letters, digits, '-', '_' and '.', at most 64, not starting with '.'.</summary>
    public string Name { get; init; } = "run";

    /// <summary>Seed of everything random in the run.</summary>
    public ulong Seed { get; init; }

    /// <summary>Which images are learned.</summary>
    public DataSpec Data { get; init; } = new();

    /// <summary>How the data is split into one cluster per expert.</summary>
    public ClusteringSpec Clustering { get; init; } = new();

    /// <summary>How many experts there are.</summary>
    public ExpertsSpec Experts { get; init; } = new();

    /// <summary>The network that every expert trains.</summary>
    public ModelSpec Model { get; init; } = new();

    /// <summary>The network that predicts p(cluster | x_t, t), and its training.</summary>
    public RouterSpec Router { get; init; } = new();

    /// <summary>The corruption and what the experts predict.</summary>
    public DiffusionSpec Diffusion { get; init; } = new();

    /// <summary>How the experts are trained.</summary>
    public TrainingSpec Training { get; init; } = new();

    /// <summary>Which peers train each model, and by which protocol.</summary>
    public IslandsSpec Islands { get; init; } = new();

    /// <summary>How the experts' predictions are combined.</summary>
    public MixingSpec Mixing { get; init; } = new();

    /// <summary>How samples are drawn from the ensemble.</summary>
    public SamplingSpec Sampling { get; init; } = new();

    /// <summary>What is measured when training is done.</summary>
    public EvaluationSpec Evaluation { get; init; } = new();
}
