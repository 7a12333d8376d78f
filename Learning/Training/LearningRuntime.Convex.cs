using OrleansDDM.Learning.Convex;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Training;

/// <content>Convex problems.</content>
public sealed partial class LearningRuntime : IConvexLearning
{
    /// <inheritdoc/>
    public SoftmaxData Inputs(SolveSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return SoftmaxData.Of(catalog.Load(spec.Data, spec.Seed).Train);
    }

    /// <inheritdoc/>
    public SoftmaxData TestInputs(SolveSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return SoftmaxData.Of(catalog.Load(spec.Data, spec.Seed).Test);
    }
}
