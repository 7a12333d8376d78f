using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Machines;

/// <summary>What can happen to a peer. The list is closed: design page, decision 1.</summary>
public abstract record Input
{
    private Input()
    {
    }

    /// <summary>The peer takes part from now on and holds nothing durable.</summary>
    public sealed record Start : Input;

    /// <summary>The peer is back after a crash or a move; all volatile state is gone.</summary>
    /// <param name="Durable">What it persisted last.</param>
    public sealed record Recover(DurableState Durable) : Input;

    /// <summary>A message arrived. Models that it names are local already.</summary>
    /// <param name="From">Its sender, as the transport knows it.</param>
    /// <param name="Body">Its decoded body.</param>
    public sealed record Message(PeerId From, MessageBody Body) : Input;

    /// <summary>A timer ran out.</summary>
    /// <param name="Id">Which.</param>
    public sealed record Timer(TimerId Id) : Input;

    /// <summary>Local training ended.</summary>
    /// <param name="Work">Number of the <see cref="Effect.Train"/>.</param>
    /// <param name="Model">What was learned.</param>
    public sealed record Trained(long Work, ModelHandle Model) : Input;

    /// <summary>Local training failed.</summary>
    /// <param name="Work">Number of the <see cref="Effect.Train"/>.</param>
    /// <param name="Reason">For the report.</param>
    public sealed record TrainFailed(long Work, string Reason) : Input;

    /// <summary>Models were aggregated.</summary>
    /// <param name="Work">Number of the <see cref="Effect.Aggregate"/>.</param>
    /// <param name="Model">The result; <see cref="ModelHandle.None"/> when the models could not be aggregated.</param>
    public sealed record Aggregated(long Work, ModelHandle Model) : Input;

    /// <summary>A model is local now.</summary>
    /// <param name="Work">Number of the <see cref="Effect.Fetch"/>.</param>
    /// <param name="Model">The model.</param>
    public sealed record Fetched(long Work, ModelHandle Model) : Input;

    /// <summary>A model could not be had.</summary>
    /// <param name="Work">Number of the <see cref="Effect.Fetch"/>.</param>
    /// <param name="Reason">For the report.</param>
    public sealed record FetchFailed(long Work, string Reason) : Input;
}
