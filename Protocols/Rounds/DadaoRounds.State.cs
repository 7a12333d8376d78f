using System.Collections.Immutable;

using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>State.</content>
public sealed partial class DadaoRounds
{
    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader)
    {
        Saved saved = new() { At = reader.Number(), Ahead = reader.Real(), Gradients = reader.Number(), Exchanges = reader.Number() };
        var vectors = ImmutableArray.CreateBuilder<ModelHandle>();
        for (int v = 0; v < DadaoFlow.Vectors; v++)
        {
            vectors.Add(reader.Flag() ? reader.Model() : default);
        }

        Doubt? doubt = reader.Flag() ? new Doubt(reader.Peer(), reader.Number(), reader.Number(), reader.Model()) : null;
        int count = reader.Count(PeerId.Size + 8 + ModelHandle.Size);
        var commits = ImmutableSortedDictionary.CreateBuilder<PeerId, (long, ModelHandle)>();
        for (int c = 0; c < count; c++)
        {
            commits[reader.Peer()] = (reader.Number(), reader.Model());
        }

        count = reader.Count(PeerId.Size + 8);
        var heard = ImmutableSortedDictionary.CreateBuilder<PeerId, long>();
        for (int h = 0; h < count; h++)
        {
            heard[reader.Peer()] = reader.Number();
        }

        return saved with { Vectors = vectors.ToImmutable(), Doubt = doubt, Commits = commits.ToImmutable(), Heard = heard.ToImmutable() };
    }

    /// <summary>Steps on the vectors.</summary>
    public enum StepKind
    {
        /// <summary>x at the time of a gradient.</summary>
        Probe,

        /// <summary>All six after a gradient.</summary>
        Gradient,

        /// <summary>y + z, to accept a proposal.</summary>
        Answer,

        /// <summary>All six after an exchange that this peer proposed, and y + z.</summary>
        Lead,

        /// <summary>All six after an exchange that this peer accepted.</summary>
        Follow,
    }

    /// <summary>Survives a crash.</summary>
    public sealed record Saved : DurableState
    {
        /// <summary>Ticks of the run-relative clock to which the vectors are integrated.</summary>
        public long At { get; init; }

        /// <summary>Units of time by which the vectors are ahead of the exchanges, not negative.</summary>
        public double Ahead { get; init; }

        /// <summary>Gradients taken.</summary>
        public long Gradients { get; init; }

        /// <summary>Exchanges that this peer proposed and that happened.</summary>
        public long Exchanges { get; init; }

        /// <summary>x, x̃, y, ỹ, z, z̃; none = 0.</summary>
        public ImmutableArray<ModelHandle> Vectors { get; init; } = [];

        /// <summary>The exchange that this peer accepted and whose end it does not know: until then it is locked.</summary>
        public Doubt? Doubt { get; init; }

        /// <summary>Exchanges that this peer committed and whose partner has not said "done": number and s_i.</summary>
        public ImmutableSortedDictionary<PeerId, (long Number, ModelHandle Sum)> Commits { get; init; } =
            ImmutableSortedDictionary<PeerId, (long Number, ModelHandle Sum)>.Empty;

        /// <summary>Highest number of a proposal that was accepted, by peer: one that comes again must not be applied again.</summary>
        public ImmutableSortedDictionary<PeerId, long> Heard { get; init; } = ImmutableSortedDictionary<PeerId, long>.Empty;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models =>
            Vectors.Concat(Commits.Values.Select(c => c.Sum)).Append(Doubt?.Sum ?? default).Where(m => !m.IsNone);

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(At);
            writer.Real(Ahead);
            writer.Number(Gradients);
            writer.Number(Exchanges);
            foreach (ModelHandle vector in Vectors)
            {
                writer.Flag(!vector.IsNone);
                if (!vector.IsNone)
                {
                    writer.Model(vector);
                }
            }

            writer.Flag(Doubt is not null);
            if (Doubt is { } doubt)
            {
                writer.Peer(doubt.Partner);
                writer.Number(doubt.Number);
                writer.Number(doubt.At);
                writer.Model(doubt.Sum);
            }

            writer.Count(Commits.Count);
            foreach ((PeerId partner, (long number, ModelHandle sum)) in Commits)
            {
                writer.Peer(partner);
                writer.Number(number);
                writer.Model(sum);
            }

            writer.Count(Heard.Count);
            foreach ((PeerId partner, long number) in Heard)
            {
                writer.Peer(partner);
                writer.Number(number);
            }
        }
    }

    /// <summary>Lost in a crash.</summary>
    public sealed record Live : VolatileState
    {
        /// <summary>What waits until this peer is free, each at most once: itself = a gradient, a lower peer = an answer to its proposal, a higher one = leading.</summary>
        public ImmutableList<PeerId> Due { get; init; } = [];

        /// <summary>The step on the vectors under way.</summary>
        public LinearStep? Step { get; init; }

        /// <summary>Work number of the gradient, or 0.</summary>
        public long Training { get; init; }

        /// <summary>Ticks of the run-relative clock at that gradient.</summary>
        public long GradientAt { get; init; }

        /// <summary>The exchanges that this peer proposed, by partner.</summary>
        public ImmutableSortedDictionary<PeerId, Proposal> Proposals { get; init; } = ImmutableSortedDictionary<PeerId, Proposal>.Empty;

        /// <summary>Numbers of the proposals of others that are not answered, by peer.</summary>
        public ImmutableSortedDictionary<PeerId, long> Proposed { get; init; } = ImmutableSortedDictionary<PeerId, long>.Empty;

        /// <summary>When partners were last sent the model of their exchange, and how often.</summary>
        public ImmutableSortedDictionary<PeerId, (TimeSpan At, int Times)> Told { get; init; } = ImmutableSortedDictionary<PeerId, (TimeSpan At, int Times)>.Empty;

        /// <summary>Units of the peer's own time from its last step to its next gradient.</summary>
        public double GradientIn { get; init; }

        /// <summary>s_i of the exchange in doubt; none until its other end has said that it happened.</summary>
        public ModelHandle Committed { get; init; }

        /// <summary>Since when it is in doubt and the other end has said nothing of it.</summary>
        public TimeSpan DoubtSince { get; init; }

        /// <summary>Draws of the clocks so far.</summary>
        public long Draws { get; init; }

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => Proposals.Values.Select(p => p.Sum).Concat(Step?.Results.Values ?? []).Append(Committed);
    }

    /// <summary>A step on the vectors under way.</summary>
    /// <param name="Kind">Which.</param>
    /// <param name="With">The partner of an exchange, or the peer itself.</param>
    /// <param name="At">Ticks of the run-relative clock.</param>
    /// <param name="Pending">Work number of each combination that is not there yet, and the vector that it gives; 6 = y + z.</param>
    /// <param name="Results">Vectors that are there.</param>
    /// <param name="Failed">Whether one could not be computed.</param>
    public sealed record LinearStep(
        StepKind Kind, PeerId With, long At, ImmutableSortedDictionary<long, int> Pending, ImmutableSortedDictionary<int, ModelHandle> Results, bool Failed);

    /// <summary>A proposed exchange.</summary>
    /// <param name="Number">Its number: rises from proposal to proposal of a peer.</param>
    /// <param name="Tries">Times that it was sent.</param>
    /// <param name="Sum">s_j of the partner's answer; none before it.</param>
    public sealed record Proposal(long Number, int Tries, ModelHandle Sum);

    /// <summary>An accepted exchange whose end is not known.</summary>
    /// <param name="Partner">Who proposed it.</param>
    /// <param name="Number">Its number.</param>
    /// <param name="At">Ticks of the run-relative clock at which s_j was taken.</param>
    /// <param name="Sum">s_j.</param>
    public sealed record Doubt(PeerId Partner, long Number, long At, ModelHandle Sum);
}
