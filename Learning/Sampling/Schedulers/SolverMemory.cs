using System.Numerics;

namespace OrleansDDM.Learning.Sampling;

/// <summary>A prediction that a solver remembers.</summary>
/// <param name="X0">Predicted clean sample.</param>
/// <param name="Lambda">ln(alpha / sigma) of the level it was made at; -infinity at the noise end of the flow path.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record SolverMemory<T>(State<T> X0, double Lambda)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
