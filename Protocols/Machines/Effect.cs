using System.Collections.Immutable;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Machines;

/// <summary>What a peer can ask of its transport, carried out in order. The list is closed: design page, decision 1.</summary>
public abstract record Effect
{
    private Effect()
    {
    }

    /// <summary>Send, one way, at most once. A message to oneself comes back at once, without the network.</summary>
    /// <param name="To">The receiver.</param>
    /// <param name="Body">The body; models that it names must be local.</param>
    public sealed record Send(PeerId To, MessageBody Body) : Effect;

    /// <summary>Train on the local shard; answered by <see cref="Input.Trained"/> or <see cref="Input.TrainFailed"/>.</summary>
    /// <param name="Work">Number that the answer bears.</param>
    /// <param name="Model">The model to start from.</param>
    /// <param name="Round">Round: with the seed and the peer it fixes all draws, so that a repetition gives the same model.</param>
    /// <param name="Steps">Local steps, at least 1.</param>
    public sealed record Train(long Work, ModelHandle Model, long Round, int Steps) : Effect
    {
        /// <summary>What the training does.</summary>
        public TrainingRule Rule { get; init; } = TrainingRule.Plain;
    }

    /// <summary>Stop a training; there will be no answer.</summary>
    /// <param name="Work">Number of the training.</param>
    public sealed record CancelTrain(long Work) : Effect;

    /// <summary>Aggregate local models; answered by <see cref="Input.Aggregated"/>.</summary>
    /// <param name="Work">Number that the answer bears.</param>
    /// <param name="Rule">How.</param>
    /// <param name="Models">What, ordered by peer.</param>
    public sealed record Aggregate(long Work, AggregationRule Rule, ImmutableArray<Contribution> Models) : Effect;

    /// <summary>Get a model from a peer; answered by <see cref="Input.Fetched"/> or <see cref="Input.FetchFailed"/>.</summary>
    /// <param name="Work">Number that the answer bears.</param>
    /// <param name="Model">Which.</param>
    /// <param name="From">A peer that had it.</param>
    public sealed record Fetch(long Work, ModelHandle Model, PeerId From) : Effect;

    /// <summary>Set a timer.</summary>
    /// <param name="Id">Which.</param>
    /// <param name="After">Time from now, not negative.</param>
    public sealed record SetTimer(TimerId Id, TimeSpan After) : Effect;

    /// <summary>Cancel a timer; nothing happens if it is not set.</summary>
    /// <param name="Id">Which.</param>
    public sealed record CancelTimer(TimerId Id) : Effect;

    /// <summary>Save; done before any later effect of the same step.</summary>
    /// <param name="Durable">The state to come back with, together with the run-relative time.</param>
    public sealed record Persist(DurableState Durable) : Effect;

    /// <summary>Tell who watches; changes nothing.</summary>
    /// <param name="Kind">What happened.</param>
    /// <param name="Round">In which round.</param>
    /// <param name="Model">The model that it is about, or none.</param>
    /// <param name="Detail">More, for people.</param>
    public sealed record Report(ReportKind Kind, long Round, ModelHandle Model, string Detail) : Effect;
}
