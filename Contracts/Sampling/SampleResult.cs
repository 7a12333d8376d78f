namespace OrleansDDM.Contracts.Sampling;

/// <summary>Samples of an ensemble.</summary>
/// <param name="Shape">(B, C, H, W).</param>
/// <param name="Values">Row-major values; data lies in about [-1, 1].</param>
/// <param name="ExpertUse">Mean weight of each expert at each step: [step][expert].</param>
/// <param name="DroppedMass">Mean router weight that the mixing rule dropped at each step.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.SampleResult)]
public sealed record SampleResult(
    [property: Id(0)] int[] Shape,
    [property: Id(1)] float[] Values,
    [property: Id(2)] double[][] ExpertUse,
    [property: Id(3)] double[] DroppedMass);
