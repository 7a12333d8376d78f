namespace OrleansDDM.Experiments.Claims.Dadao;

/// <summary>Parameters of DADAO (Nabli and Oyallon, ICML 2023, arXiv 2208.00779) for smoothness L, strong convexity μ and χ1, with ν = μ / 2.</summary>
/// <param name="smoothness">L: the largest of the peers.</param>
/// <param name="convexity">μ: the smallest of the peers.</param>
/// <param name="chi1">χ1 of the graph under its real rates.</param>
internal sealed class DadaoParameters(double smoothness, double convexity, double chi1)
{
    /// <summary>ν = μ / 2.</summary>
    public double Nu { get; } = convexity / 2;

    /// <summary>α.</summary>
    public double Alpha => Ratio / 4;

    /// <summary>α̃.</summary>
    public double AlphaTilde => Ratio / 8;

    /// <summary>η = η̃.</summary>
    public double Eta => Ratio / 8;

    /// <summary>θ.</summary>
    public double Theta => 0.5 / Ratio;

    /// <summary>β.</summary>
    public double Beta => 0.5;

    /// <summary>β̃.</summary>
    public double BetaTilde => 2 * chi1 / Ratio;

    /// <summary>δ + δ̃.</summary>
    public double DeltaSum => (Ratio / 4) + 1;

    /// <summary>γ.</summary>
    public double Gamma => 1 / (4 * smoothness);

    /// <summary>γ̃.</summary>
    public double GammaTilde => 1 / (4 * Math.Sqrt(smoothness * Nu));

    /// <summary>Rate of E‖x − x*‖² that the theory promises, per unit of time: √(μ/L) / (8 √2).</summary>
    public double Rate => Ratio / 8;

    private double Ratio => Math.Sqrt(Nu / smoothness);

    /// <summary>The generator of the flow between events, 6 x 6, on (x, x̃, y, ỹ, z, z̃).</summary>
    public double[] Generator()
    {
        double[] m = new double[36];
        (m[0], m[1]) = (-Eta, Eta);
        (m[6], m[7]) = (Eta, -Eta);
        (m[14], m[15]) = (-Alpha, Alpha);
        (m[19], m[20], m[22]) = (-Theta * Nu, -Theta, -Theta);
        (m[28], m[29]) = (-Alpha, Alpha);
        (m[34], m[35]) = (AlphaTilde, -AlphaTilde);
        return m;
    }
}
