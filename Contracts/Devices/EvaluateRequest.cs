namespace OrleansDDM.Contracts.Devices;

/// <summary>Asks for a model's prediction at one noise level. Sender and receiver share the arrays: neither changes them.</summary>
/// <param name="Model">The model.</param>
/// <param name="Values">Noisy samples, (B, C, H, W) row-major.</param>
/// <param name="Batch">B.</param>
/// <param name="Time">Time in [0, 1]; 0 is data.</param>
/// <param name="Alpha">Signal scale at that time.</param>
/// <param name="Sigma">Noise scale at that time.</param>
/// <param name="Classes">Class of each sample, -1 = unconditional; null = all unconditional.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.EvaluateRequest)]
public sealed record EvaluateRequest(
    [property: Id(0)] ModelReference Model,
    [property: Id(1)] float[] Values,
    [property: Id(2)] int Batch,
    [property: Id(3)] double Time,
    [property: Id(4)] double Alpha,
    [property: Id(5)] double Sigma,
    [property: Id(6)] int[]? Classes);
