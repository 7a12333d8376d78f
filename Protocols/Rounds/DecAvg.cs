using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of DecAvg.</summary>
public sealed record DecAvgOptions : NeighbourOptions;

/// <summary>
/// DecAvg (as studied under disruption by Palmieri et al., arXiv 2310.02986), on any graph:
/// <code>
/// for t = 1, 2, ...; each peer i: w_i' = local steps from w_i(t−1) on D_i;  send w_i' to the neighbours N_i
///   w_i(t) = Σ_{j∈N_i∪{i}} α_ij w_j',   α_ij = |D_j| / Σ_{k∈N_i∪{i}} |D_k|
/// </code>
/// The sums go over the models that came: a neighbour that is gone has no share. The matrix α is row stochastic but not doubly so: the
/// mean of all models is not preserved.
/// </summary>
/// <param name="options">Options.</param>
public sealed class DecAvg(DecAvgOptions options) : NeighbourRounds(options)
{
    /// <inheritdoc/>
    public override string Name => "decavg";

    /// <inheritdoc/>
    public override byte Code => 6;

    /// <inheritdoc/>
    public override MessageBody? ReadBody(byte kind, ref FrameReader reader) =>
        kind == 2 ? new SizedShare(reader.Number(), reader.Model(), reader.Number()) : null;

    /// <inheritdoc/>
    protected override Share NewShare(PeerSetup setup, long exchange, ModelHandle model) => new SizedShare(exchange, model, setup.Samples);

    /// <inheritdoc/>
    protected override IEnumerable<Contribution> Weigh(Turn<Saved, Live> turn) =>
        Received(turn).Select(s => new Contribution(s.From, s.Share.Model, Math.Max(1, s.Share is SizedShare sized ? sized.Samples : 1)))
            .Append(new Contribution(turn.Self, turn.Volatile.Half, Math.Max(1, turn.Setup.Samples)));

    /// <summary>A neighbour's model and the size of its shard. 48 bytes.</summary>
    /// <param name="Round">Exchange.</param>
    /// <param name="Model">w_j'.</param>
    /// <param name="Samples">|D_j|.</param>
    public sealed record SizedShare(long Round, ModelHandle Model, long Samples) : Share(Round, Model)
    {
        /// <inheritdoc/>
        public override byte Kind => 2;

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            base.Write(writer);
            writer.Number(Samples);
        }
    }
}
