using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <content>State.</content>
public sealed partial class Modest
{
    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader) => new Saved
    {
        Counter = reader.Number(),
        TrainRound = reader.Number(),
        AggregateRound = reader.Number(),
        LastRound = reader.Number(),
        LastModel = reader.Model(),
        View = MembershipView.Read(ref reader),
    };

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new()
    {
        LastModel = setup.InitialModel,
        View = setup.Founders.Contains(setup.Self)
            ? Founding(setup).View
            : Founding(setup).View.Apply(setup.Self, new Member(0, 1, Left: false)),
    };

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new();

    // The same for all peers of a run; made once a process, as a matter of time only.
    private Founders Founding(PeerSetup setup)
    {
        if (_founders is not { } known || known.Peers != setup.Founders)
        {
            _founders = known = new Founders(
                setup.Founders, MembershipView.Of(setup.Founders), [.. HashOrder.Sort(setup.Founders, 1).Take(options.SampleSize)]);
        }

        return known;
    }

    private sealed record Founders(ImmutableArray<PeerId> Peers, MembershipView View, ImmutableArray<PeerId> FirstSample);

    /// <summary>Survives a crash.</summary>
    public sealed record Saved : DurableState
    {
        /// <summary>The own membership counter: of the last JOIN or LEAVE told to others.</summary>
        public long Counter { get; init; } = 1;

        /// <summary>k_train: highest round that this peer began to train.</summary>
        public long TrainRound { get; init; }

        /// <summary>k_agg: highest round that this peer aggregated for.</summary>
        public long AggregateRound { get; init; }

        /// <summary>Round of <see cref="LastModel"/>.</summary>
        public long LastRound { get; init; }

        /// <summary>Newest aggregated model that this peer held; θ0 before the first.</summary>
        public ModelHandle LastModel { get; init; }

        /// <summary>Registry and activity.</summary>
        public MembershipView View { get; init; } = MembershipView.Empty;

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [LastModel];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            writer.Number(Counter);
            writer.Number(TrainRound);
            writer.Number(AggregateRound);
            writer.Number(LastRound);
            writer.Model(LastModel);
            View.Write(writer);
        }
    }

    /// <summary>Lost in a crash.</summary>
    public sealed record Live : VolatileState
    {
        /// <summary>JOINs heard and not yet applied, so that they do not disturb the sample in flight.</summary>
        public ImmutableSortedDictionary<PeerId, Member> Pending { get; init; } = ImmutableSortedDictionary<PeerId, Member>.Empty;

        /// <summary>The training of k_train, while it runs.</summary>
        public Training? Training { get; init; }

        /// <summary>The trained model, until someone else is seen to have taken over.</summary>
        public Handover? Handover { get; init; }

        /// <summary>Θ of k_agg.</summary>
        public Collection? Collection { get; init; }

        /// <summary>The aggregated model of k_agg, until the next round is seen.</summary>
        public Custody? Custody { get; init; }

        /// <summary>Search for aggregators, while it runs.</summary>
        public Search? AggregatorSearch { get; init; }

        /// <summary>Search for a sample, while it runs.</summary>
        public Search? SampleSearch { get; init; }

        /// <summary>When peers were last heard.</summary>
        public ImmutableSortedDictionary<PeerId, TimeSpan> Heard { get; init; } = ImmutableSortedDictionary<PeerId, TimeSpan>.Empty;

        /// <summary>Peers that did not answer, until they are heard again.</summary>
        public ImmutableSortedSet<PeerId> Suspects { get; init; } = ImmutableSortedSet<PeerId>.Empty;

        /// <summary>Highest round estimate so far.</summary>
        public long SeenRound { get; init; }

        /// <summary>When it rose last.</summary>
        public TimeSpan SeenAt { get; init; }

        /// <summary>The last heartbeat: to whom and when.</summary>
        public (PeerId Peer, TimeSpan At)? Beat { get; init; }

        /// <summary>Heartbeats and searches so far, to number them.</summary>
        public long Numbers { get; init; }

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models =>
            new[] { Training?.Model, Handover?.Model, Custody?.Model }.OfType<ModelHandle>()
                .Concat(Collection is { Done: false } c ? c.Models.Values.Select(m => m.Model) : []);
    }

    /// <summary>A training that runs.</summary>
    /// <param name="Work">Its number.</param>
    /// <param name="Model">θ̄_k that it began with.</param>
    /// <param name="Sample">S_k.</param>
    public sealed record Training(long Work, ModelHandle Model, ImmutableArray<PeerId> Sample);

    /// <summary>A trained model on its way to the aggregators of the next round.</summary>
    /// <param name="Round">k + 1.</param>
    /// <param name="Base">Round that the model comes from.</param>
    /// <param name="Model">θ'.</param>
    /// <param name="Sample">S_k; empty when a lost round is mended.</param>
    /// <param name="SentTo">Aggregators that have it.</param>
    /// <param name="Since">When it was last sent.</param>
    public sealed record Handover(
        long Round, long Base, ModelHandle Model, ImmutableArray<PeerId> Sample, ImmutableSortedSet<PeerId> SentTo, TimeSpan Since);

    /// <summary>Models that an aggregator collects.</summary>
    /// <param name="Models">Θ.</param>
    /// <param name="Sample">Who is expected to send.</param>
    /// <param name="Since">When the first came.</param>
    /// <param name="Work">Number of the aggregation, or 0 before it.</param>
    /// <param name="Done">Whether the aggregate was made.</param>
    public sealed record Collection(
        ImmutableSortedDictionary<PeerId, (ModelHandle Model, long Base)> Models,
        ImmutableArray<PeerId> Sample,
        TimeSpan Since,
        long Work = 0,
        bool Done = false);

    /// <summary>An aggregated model that was, or is to be, handed to a sample.</summary>
    /// <param name="Round">k.</param>
    /// <param name="Model">θ̄_k.</param>
    /// <param name="Sample">S_k; empty while it is searched for.</param>
    /// <param name="Since">When it was sent.</param>
    public sealed record Custody(long Round, ModelHandle Model, ImmutableArray<PeerId> Sample, TimeSpan Since);

    /// <summary>Sample(k, cnt) in progress.</summary>
    /// <param name="Number">Which search: its timer.</param>
    /// <param name="Round">k.</param>
    /// <param name="Count">cnt.</param>
    /// <param name="Target">Peers to have pinged at a time, more than cnt: pinging ahead.</param>
    /// <param name="Order">Candidates in hash order.</param>
    /// <param name="Asked">Peers pinged and not answered yet, with the half periods since.</param>
    /// <param name="Alive">Peers that answered.</param>
    /// <param name="Dead">Peers that did not.</param>
    public sealed record Search(
        long Number,
        long Round,
        int Count,
        int Target,
        ImmutableArray<PeerId> Order,
        ImmutableSortedDictionary<PeerId, int> Asked,
        ImmutableSortedSet<PeerId> Alive,
        ImmutableSortedSet<PeerId> Dead);
}
