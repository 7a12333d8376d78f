namespace OrleansDDM.Protocols.Dadao;

/// <summary>min Σ_i f_i(x) over nodes i, each f_i smooth and strongly convex, with the answer known.</summary>
public interface IConvexProblem
{
    /// <summary>Number of nodes.</summary>
    int Nodes { get; }

    /// <summary>Elements of x.</summary>
    int Dimension { get; }

    /// <summary>μ of the worst f_i.</summary>
    double Mu { get; }

    /// <summary>L of the worst f_i.</summary>
    double Smoothness { get; }

    /// <summary>x*.</summary>
    IReadOnlyList<double> Optimum { get; }

    /// <summary>Writes ∇f_i(x).</summary>
    void Gradient(int node, ReadOnlySpan<double> x, Span<double> gradient);
}
