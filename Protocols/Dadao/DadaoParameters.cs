namespace OrleansDDM.Protocols.Dadao;

/// <summary>Constants of DADAO for a smoothness, a strong convexity and a graph (Nabli and Oyallon, ICML 2023, arXiv 2208.00779; ν = μ/2).</summary>
/// <param name="Mu">μ: every f_i is μ-strongly convex, positive.</param>
/// <param name="Smoothness">L: every f_i is L-smooth, at least μ.</param>
/// <param name="Chi1">χ1 of the rates in use: 1 / λ_2(Σ λ_ij (e_i − e_j)(e_i − e_j)ᵀ).</param>
public sealed record DadaoParameters(double Mu, double Smoothness, double Chi1)
{
    /// <summary>ν.</summary>
    public double Nu => Mu / 2;

    /// <summary>α = ¼ √(ν/L): pull of y to ỹ and of z to z̃.</summary>
    public double Alpha => 0.25 * Math.Sqrt(Nu / Smoothness);

    /// <summary>α̃ = ⅛ √(ν/L): pull of z̃ to z.</summary>
    public double AlphaTilde => 0.125 * Math.Sqrt(Nu / Smoothness);

    /// <summary>η = η̃ = ⅛ √(ν/L): pull between x and x̃.</summary>
    public double Eta => 0.125 * Math.Sqrt(Nu / Smoothness);

    /// <summary>θ = ½ √(L/ν).</summary>
    public double Theta => 0.5 * Math.Sqrt(Smoothness / Nu);

    /// <summary>β = ½: share of a difference that z takes at a communication.</summary>
    public static double Beta => 0.5;

    /// <summary>β̃ = 2 χ1 √(L/ν): share of it that z̃ takes.</summary>
    public double BetaTilde => 2 * Chi1 * Math.Sqrt(Smoothness / Nu);

    /// <summary>δ + δ̃ = ¼ √(ν/L) + 1: what ỹ takes of a gradient.</summary>
    public double Delta => (0.25 * Math.Sqrt(Nu / Smoothness)) + 1;

    /// <summary>γ = 1 / (4L): step of x.</summary>
    public double Gamma => 1 / (4 * Smoothness);

    /// <summary>γ̃ = 1 / (4 √(Lν)): step of x̃.</summary>
    public double GammaTilde => 1 / (4 * Math.Sqrt(Smoothness * Nu));

    /// <summary>Rate at which E‖x − x*‖² falls at least, per unit of time: √(μ/L) / (8√2). The graph is not in it.</summary>
    public double TheoreticalRate => Math.Sqrt(Mu / Smoothness) / (8 * Math.Sqrt(2));
}
