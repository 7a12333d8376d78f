namespace OrleansDDM.Contracts.Sampling;

/// <summary>Samples of an ensemble.</summary>
/// <param name="Shape">(B, C, H, W).</param>
/// <param name="Values">Row-major values; data lies in about [-1, 1].</param>
/// <param name="ExpertUse">Mean weight of each expert at each step: [step][expert].</param>
/// <param name="DroppedMass">Mean router weight that the mixing rule dropped at each step.</param>
/// <param name="Evaluations">Evaluations of the ensemble by the solver.</param>
/// <param name="ExpertEvaluations">Evaluations of experts, summed over samples and guidance passes.</param>
/// <param name="Failed">Experts that no silo could evaluate and that were left out from some step on; empty = the whole ensemble drew them.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.SampleResult)]
public sealed record SampleResult(
    [property: Id(0)] int[] Shape,
    [property: Id(1)] float[] Values,
    [property: Id(2)] double[][] ExpertUse,
    [property: Id(3)] double[] DroppedMass,
    [property: Id(4)] int Evaluations,
    [property: Id(5)] long ExpertEvaluations,
    [property: Id(6)] int[] Failed);
