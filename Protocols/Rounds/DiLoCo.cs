using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of DiLoCo.</summary>
public sealed record DiLoCoOptions : NeighbourOptions
{
    /// <summary>Options with H = 500 inner steps.</summary>
    public DiLoCoOptions() => Steps = 500;

    /// <summary>Outer learning rate, above 0 and at most 2.</summary>
    public double OuterRate { get; init; } = 0.7;

    /// <summary>Outer Nesterov momentum μ, at least 0 and below 1.</summary>
    public double OuterMomentum { get; init; } = 0.9;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        OptionRange.Within(OuterRate, 1e-6, 2);
        OptionRange.Within(OuterMomentum, 0, 0.999_999);
    }
}

/// <summary>
/// DiLoCo (Douillard et al., arXiv 2311.08105, Algorithm 1), with averaging by neighbours instead of a server:
/// <code>
/// for t = 1, 2, ...; each peer i: θ_i ← H inner steps from θ_i^{t−1}; exchange
///   Δ_i = θ_i^{t−1} − Σ_j W_ij θ_j                                   outer gradient
///   m_i ← μ·m_i + Δ_i;   θ_i^t = θ_i^{t−1} − lr·(Δ_i + μ·m_i)        outer Nesterov step
/// </code>
/// On the complete graph all peers hold one θ and one m, and this is the paper's algorithm; on others Δ also carries the disagreement with
/// the neighbours. lr = 1 and μ = 0 give D-PSGD.
/// </summary>
/// <param name="options">Options.</param>
public sealed class DiLoCo(DiLoCoOptions options) : NeighbourRounds(options)
{
    /// <inheritdoc/>
    public override string Name => "diloco";

    /// <inheritdoc/>
    public override byte Code => 8;

    /// <inheritdoc/>
    public override DurableState ReadDurable(ref FrameReader reader)
    {
        (long exchange, ModelHandle model) = (reader.Number(), reader.Model());
        return new OuterSaved(exchange, model, reader.Flag() ? reader.Model() : default);
    }

    /// <inheritdoc/>
    protected override Saved NewDurable(PeerSetup setup) => new OuterSaved(0, setup.InitialModel, default);

    /// <inheritdoc/>
    protected override Live NewVolatile(PeerSetup setup) => new OuterLive();

    /// <inheritdoc/>
    protected override void OnMixed(Turn<Saved, Live> turn, ModelHandle model)
    {
        OuterSaved saved = (OuterSaved)turn.Durable;
        OuterLive live = (OuterLive)turn.Volatile;
        AggregationRule sum = new AggregationRule.LinearCombination();
        Contribution Term(ModelHandle vector, double weight) => new(turn.Self, vector, weight);
        if (live.Average.IsNone)
        {
            // m ← μ·m + (θ − average).
            Contribution[] old = saved.Momentum.IsNone ? [] : [Term(saved.Momentum, options.OuterMomentum)];
            turn.Volatile = live with { Average = model, Mixing = turn.Aggregate(sum, [.. old, Term(saved.Model, 1), Term(model, -1)]) };
        }
        else if (live.Momentum.IsNone)
        {
            // θ ← θ − lr·(θ − average) − lr·μ·m.
            double rate = options.OuterRate;
            turn.Volatile = live with
            {
                Momentum = model,
                Mixing = turn.Aggregate(
                    sum, [Term(saved.Model, 1 - rate), Term(live.Average, rate), Term(model, -rate * options.OuterMomentum)]),
            };
        }
        else
        {
            turn.Durable = saved with { Momentum = live.Momentum };
            EndExchange(turn, model);
        }
    }

    // Without an outer step the average is what the exchange gives; m stays what it was.

    /// <inheritdoc/>
    protected override void OnMixFailed(Turn<Saved, Live> turn)
    {
        ModelHandle average = ((OuterLive)turn.Volatile).Average;
        if (average.IsNone)
        {
            base.OnMixFailed(turn);
        }
        else
        {
            EndExchange(turn, average);
        }
    }

    /// <inheritdoc/>
    protected override string? Violation(PeerState<Saved, Live> before, PeerState<Saved, Live> after)
    {
        (OuterSaved old, OuterSaved now) = ((OuterSaved)before.Durable, (OuterSaved)after.Durable);
        OuterLive live = (OuterLive)after.Volatile;
        return now.Momentum.IsNone && !old.Momentum.IsNone ? "the momentum was lost"
            : now.Momentum != old.Momentum && now.Exchange != old.Exchange + 1 ? "the momentum changed without the end of an exchange"
            : (!live.Average.IsNone && live.Mixing == 0) || (!live.Momentum.IsNone && live.Average.IsNone) ? "an outer step waits for nothing"
            : base.Violation(before, after);
    }

    /// <inheritdoc/>
    protected override Live Forget(Live live) => (OuterLive)base.Forget(live) with { Average = default, Momentum = default };

    /// <summary>Survives a crash.</summary>
    /// <param name="Exchange">t: the round to do next.</param>
    /// <param name="Model">θ.</param>
    /// <param name="Momentum">m; none before the first round.</param>
    public sealed record OuterSaved(long Exchange, ModelHandle Model, ModelHandle Momentum) : Saved(Exchange, Model)
    {
        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => [Model, Momentum];

        /// <inheritdoc/>
        public override void Write(FrameWriter writer)
        {
            base.Write(writer);
            writer.Flag(!Momentum.IsNone);
            if (!Momentum.IsNone)
            {
                writer.Model(Momentum);
            }
        }
    }

    /// <summary>Lost in a crash.</summary>
    public sealed record OuterLive : Live
    {
        /// <summary>Σ_j W_ij θ_j, while the outer step is under way.</summary>
        public ModelHandle Average { get; init; }

        /// <summary>The new m, while the outer step is under way.</summary>
        public ModelHandle Momentum { get; init; }

        /// <inheritdoc/>
        public override IEnumerable<ModelHandle> Models => base.Models.Append(Average).Append(Momentum);
    }
}
