using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Which silos are alive.</summary>
internal interface ILiveSilos
{
    /// <summary>This silo.</summary>
    SiloAddress Self { get; }

    /// <summary>The active silos without this one, in the same order everywhere.</summary>
    IReadOnlyList<SiloAddress> Others { get; }
}
