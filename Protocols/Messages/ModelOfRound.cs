using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Messages;

/// <summary>A model that belongs to a round: what most protocols send. 40 bytes.</summary>
/// <param name="Round">The round.</param>
/// <param name="Model">The model.</param>
public abstract record ModelOfRound(long Round, ModelHandle Model) : MessageBody
{
    /// <inheritdoc/>
    public override byte Kind => 1;

    /// <inheritdoc/>
    public override IEnumerable<ModelHandle> Models => [Model];

    /// <inheritdoc/>
    public override void Write(FrameWriter writer)
    {
        writer.Number(Round);
        writer.Model(Model);
    }
}
