namespace OrleansDDM.Experiments.Evaluation;

/// <summary>Draws samples of a trained ensemble, wherever it runs.</summary>
public interface ISampleSource
{
    /// <summary>Draws samples. The same order gives the same samples, however it is split.</summary>
    /// <param name="order">What to draw.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancellation">Stops the drawing.</param>
    Task<SampledImages> SampleAsync(SampleOrder order, IProgress<double>? progress = null, CancellationToken cancellation = default);
}

/// <summary>What to draw. What is null is taken from the run's spec.</summary>
/// <param name="Rule">Mixing rule.</param>
/// <param name="Count">Number of samples.</param>
/// <param name="Seed">Seed of all noise.</param>
/// <param name="Experts">Expert of each sample, for the rule <c>oracle</c>.</param>
/// <param name="Steps">Solver steps.</param>
/// <param name="Scheduler">Solver.</param>
/// <param name="Class">Class of all samples.</param>
/// <param name="Guidance">Classifier-free guidance weight.</param>
/// <param name="Classes">Class of each sample, in place of <paramref name="Class"/>.</param>
/// <param name="Fallback">Go on without an expert that nobody can evaluate, and say so in <see cref="SampledImages.Failed"/>.</param>
public sealed record SampleOrder(
    string Rule,
    int Count,
    ulong Seed,
    IReadOnlyList<int>? Experts = null,
    int? Steps = null,
    string? Scheduler = null,
    int? Class = null,
    double? Guidance = null,
    IReadOnlyList<int>? Classes = null,
    bool Fallback = false);

/// <summary>Samples and how the experts were used for them.</summary>
/// <param name="Values">(N, C, H, W), about [-1, 1].</param>
/// <param name="ExpertUse">Mean weight of each expert at each step: [step][expert].</param>
/// <param name="DroppedMass">Mean router weight that the rule dropped at each step.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="Shape">(N, C, H, W).</param>
/// <param name="Evaluations">Evaluations of the ensemble by the solver, the same for each sample.</param>
/// <param name="ExpertEvaluations">Evaluations of experts for one sample, the mean; guidance passes counted.</param>
public sealed record SampledImages(
    float[] Values, double[][] ExpertUse, double[] DroppedMass, double Seconds, int[] Shape, int Evaluations, double ExpertEvaluations)
{
    /// <summary>Experts that nobody could evaluate and that were left out of some samples, ascending.</summary>
    public IReadOnlyList<int> Failed { get; init; } = [];
}
