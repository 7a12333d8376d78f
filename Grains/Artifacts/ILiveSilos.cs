using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Which silos are alive.</summary>
internal interface ILiveSilos
{
    /// <summary>This silo.</summary>
    SiloAddress Self { get; }

    /// <summary>The active silos without this one, in the same order everywhere.</summary>
    IReadOnlyList<SiloAddress> Others { get; }

    /// <summary>Whether each silo that the membership table knows by name is active: none is down that might come back with what only it has.</summary>
    Task<bool> AreAllActiveAsync(CancellationToken cancellation);
}
