namespace OrleansDDM.Contracts.Devices;

/// <summary>One slot of a device host.</summary>
/// <param name="Index">Its index on the silo.</param>
/// <param name="Waiting">Pieces of work waiting or running.</param>
/// <param name="Sessions">Keys of the models in training on it.</param>
/// <param name="Predictors">Trained models held ready on it.</param>
/// <param name="Device">Name of its device: <c>cpu</c> or <c>cuda:N</c>.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.SlotStatus)]
public sealed record SlotStatus(
    [property: Id(0)] int Index,
    [property: Id(1)] int Waiting,
    [property: Id(2)] string[] Sessions,
    [property: Id(3)] int Predictors,
    [property: Id(4)] string Device = "cpu");
