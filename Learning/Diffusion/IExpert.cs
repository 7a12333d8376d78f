using System.Numerics;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>One expert: a pure function of (x_t, level, condition), without state and without randomness.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IExpert<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What the prediction means.</summary>
    ExpertContract Contract { get; }

    /// <summary>The prediction, in the shape of <paramref name="x"/> (batch first), at one level of the expert's own schedule.</summary>
    ValueTask<State<T>> PredictAsync(State<T> x, Level level, Condition condition, CancellationToken cancellation = default);
}
