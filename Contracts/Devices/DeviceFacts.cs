namespace OrleansDDM.Contracts.Devices;

/// <summary>What does not change about a silo's devices while it lives; it tells the others with its membership.</summary>
/// <param name="Kind"><c>cpu</c> or <c>cuda</c>: where its slots compute.</param>
/// <param name="Model">What the device is, e.g. the name of the card.</param>
/// <param name="Memory">Bytes of memory of one device; 0 = not known.</param>
/// <param name="Cores">Cores that the process may use.</param>
/// <param name="Gflops">Measured training speed of one slot, in 10^9 floating-point operations a second; 0 = not measured.</param>
/// <param name="Count">Devices that its slots share.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.DeviceFacts)]
public sealed record DeviceFacts(
    [property: Id(0)] string Kind,
    [property: Id(1)] string Model,
    [property: Id(2)] long Memory,
    [property: Id(3)] int Cores,
    [property: Id(4)] double Gflops,
    [property: Id(5)] int Count = 1);
