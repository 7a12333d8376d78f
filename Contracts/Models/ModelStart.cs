namespace OrleansDDM.Contracts.Models;

/// <summary>Asks a model to train. Repeating it changes nothing.</summary>
/// <param name="Spec">The run's spec as canonical JSON.</param>
/// <param name="SpecHash">SHA-256 of it. A hash that differs from the stored one starts the model anew.</param>
/// <param name="RunTerm">Term of the run; a lower one than the model has seen is refused.</param>
/// <param name="Retry">Try again where the model had faulted.</param>
/// <param name="Fingerprint">Hash of the data and clusters that the run trains on; the model trains on no other, and one that differs from the stored one
/// starts it anew. Empty = not known.</param>
/// <param name="DeviceMemory">Bytes of memory that a device must have for it; 0 = any.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.ModelStart)]
public sealed record ModelStart(
    [property: Id(0)] string Spec,
    [property: Id(1)] string SpecHash,
    [property: Id(2)] long RunTerm,
    [property: Id(3)] bool Retry,
    [property: Id(4)] string Fingerprint = "",
    [property: Id(5)] long DeviceMemory = 0);
