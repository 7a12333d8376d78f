using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of DFedSAM.</summary>
public sealed record DfedSamOptions : NeighbourOptions
{
    /// <summary>ρ of the sharpness-aware steps; 0 = plain steps.</summary>
    public double Radius { get; init; } = 0.01;

    /// <summary>Q, gossip steps a round: 1 = DFedSAM, more = DFedSAM-MGS.</summary>
    public int GossipSteps { get; init; } = 4;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        OptionRange.Within(Radius, 0, 1_000);
        OptionRange.Within(GossipSteps, 1, 1_000);
    }
}

/// <summary>
/// DFedSAM and, with Q above 1, DFedSAM-MGS (Shi et al., ICML 2023, arXiv 2302.04083, Algorithm 1):
/// <code>
/// for t = 0, 1, 2, ...; each peer i: y = x_i
///   K times: g = ∇F_i(y; ξ);  g̃ = ∇F_i(y + ρ·g/‖g‖₂; ξ);  y ← y − η·g̃
///   x_i^0 = y;  for q = 0 .. Q−1:  x_i^{q+1} = Σ_l W_il x_l^q
///   x_i ← x_i^Q
/// </code>
/// Two gradients a step and Q models to each neighbour a round. Multiple gossip steps act on a graph as W^Q: λ becomes λ^Q.
/// </summary>
/// <param name="options">Options.</param>
public sealed class DfedSam(DfedSamOptions options) : NeighbourRounds(options)
{
    private readonly TrainingRule _rule =
        options.Radius > 0 ? new TrainingRule.SharpnessAware(options.Radius) : TrainingRule.Plain;

    /// <inheritdoc/>
    public override string Name => "dfedsam";

    /// <inheritdoc/>
    public override byte Code => 7;

    /// <inheritdoc/>
    protected override TrainingRule Rule => _rule;

    /// <inheritdoc/>
    protected override int GossipSteps => options.GossipSteps;
}
