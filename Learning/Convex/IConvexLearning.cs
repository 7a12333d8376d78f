using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Convex;

/// <summary>
/// What the peers of a convex solve need of learning, beside <see cref="Training.ILearningRuntime"/>: heavy work, called on a slot's thread; thread-safe.
/// </summary>
public interface IConvexLearning
{
    /// <summary>The inputs that the peers hold between them, in an order that is the same on every silo. Not cached.</summary>
    /// <exception cref="Data.DatasetException">Nothing is found, a file is damaged, or the images have no classes.</exception>
    SoftmaxData Inputs(SolveSpec spec);

    /// <summary>Inputs that nobody trains on, to report on. Not cached.</summary>
    /// <exception cref="Data.DatasetException">As of <see cref="Inputs"/>.</exception>
    SoftmaxData TestInputs(SolveSpec spec);

    /// <summary>∇f_i(x) of the part of a solve that one peer holds.</summary>
    /// <param name="spec">The solve.</param>
    /// <param name="shard">The part.</param>
    /// <param name="x">(parameters).</param>
    /// <param name="gradient">(parameters) written.</param>
    /// <returns>f_i(x).</returns>
    /// <exception cref="ArgumentException">x or the gradient is of another length.</exception>
    double Gradient(SolveSpec spec, SoftmaxShard shard, double[] x, double[] gradient)
    {
        ArgumentNullException.ThrowIfNull(shard);
        return shard.Gradient(x, gradient);
    }
}
