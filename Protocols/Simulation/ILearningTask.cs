using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>
/// What simulated peers learn. It owns the models behind the handles. Work is announced when it begins and asked for when it is due in
/// virtual time: in between, a task may compute all that is pending in one batch. Results must not depend on what is batched together.
/// </summary>
public interface ILearningTask
{
    /// <summary>The common initial model θ0.</summary>
    ModelHandle InitialModel { get; }

    /// <summary>Samples of a peer's shard.</summary>
    long Samples(int peer);

    /// <summary>Bytes of a model as it would be sent.</summary>
    long Bytes(ModelHandle model);

    /// <summary>Bytes to send a model to a peer that holds these: fewer where it is sent as a difference to one of them.</summary>
    long Bytes(ModelHandle model, IReadOnlySet<ModelHandle> held) => Bytes(model);

    /// <summary>Time that a training takes on a peer of normal speed.</summary>
    TimeSpan Duration(TrainWork work);

    /// <summary>Whether a model that a message names may be taken in: known, of the task's shape, and finite.</summary>
    bool Accepts(ModelHandle model) => true;

    /// <summary>A training begins.</summary>
    void Begin(TrainWork work);

    /// <summary>A training is due: its model. Null = it failed.</summary>
    ModelHandle? Complete(TrainWork work);

    /// <summary>A training that began will not be asked for.</summary>
    void Cancel(TrainWork work);

    /// <summary>Aggregates models now. Null = it failed.</summary>
    ModelHandle? Aggregate(AggregationRule rule, IReadOnlyList<Contribution> models);

    /// <summary>All other models may be dropped.</summary>
    void Retain(IReadOnlySet<ModelHandle> models);

    /// <summary>64 bits of a model's contents, for the hash of a run.</summary>
    ulong Digest(ModelHandle model);
}

/// <summary>One local training.</summary>
/// <param name="Peer">Number of the peer.</param>
/// <param name="Model">Where it starts.</param>
/// <param name="Round">With seed and peer, fixes the draws.</param>
/// <param name="Steps">Local steps.</param>
/// <param name="Id">Unique in a run.</param>
public sealed record TrainWork(int Peer, ModelHandle Model, long Round, int Steps, long Id)
{
    /// <summary>What the training does.</summary>
    public TrainingRule Rule { get; init; } = TrainingRule.Plain;
}
