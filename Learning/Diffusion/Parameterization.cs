namespace OrleansDDM.Learning.Diffusion;

/// <summary>What a network predicts. All are affine in x0 at a given (x_t, level), so a posterior mean in one is one in all.</summary>
public enum Parameterization
{
    /// <summary>The clean sample x0.</summary>
    X0,

    /// <summary>The noise eps = (x - alpha x0) / sigma.</summary>
    Eps,

    /// <summary>v = alpha eps - sigma x0 (Salimans and Ho 2022), for variance-preserving schedules.</summary>
    V,

    /// <summary>The flow-matching velocity eps - x0 of the linear path; for other paths the same combination.</summary>
    Flow,

    /// <summary>The score -(x - alpha x0) / sigma^2.</summary>
    Score,
}
