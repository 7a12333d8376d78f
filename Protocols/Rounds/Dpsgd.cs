namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of D-PSGD.</summary>
public sealed record DpsgdOptions : NeighbourOptions;

/// <summary>
/// D-PSGD (Lian et al., NeurIPS 2017, Algorithm 1) in the adapt-then-combine order, on any mixing schedule:
/// <code>
/// x_{0,i} = θ0; for k = 0, 1, 2, ...
///   2-3  x_{k+½,i} = x_{k,i} − γ ∇F_i(x_{k,i}; ξ_{k,i})   local steps on the own shard
///   4    send x_{k+½,i} to the neighbours, wait for theirs
///   5    x_{k+1,i} = Σ_j W_ij x_{k+½,j}
/// </code>
/// See <see cref="NeighbourRounds"/> for what happens when the network fails.
/// </summary>
/// <param name="options">Options.</param>
public sealed class Dpsgd(DpsgdOptions options) : NeighbourRounds(options)
{
    /// <inheritdoc/>
    public override string Name => "dpsgd";

    /// <inheritdoc/>
    public override byte Code => 2;
}
