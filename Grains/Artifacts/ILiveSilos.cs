using Orleans.Runtime;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Which silos are alive.</summary>
internal interface ILiveSilos
{
    /// <summary>This silo.</summary>
    SiloAddress Self { get; }

    /// <summary>The active silos without this one, in the same order everywhere.</summary>
    IReadOnlyList<SiloAddress> Others { get; }

    /// <summary>The other silos that are on their way out in good order: nothing new is kept there, but until they are gone they give what they have.</summary>
    IReadOnlyList<SiloAddress> Leaving { get; }

    /// <summary>Whether each silo that the membership table knows by name is active and, but for this one, in <see cref="Others"/>: none is down that might come back with what only it has.</summary>
    Task<bool> AreAllActiveAsync(CancellationToken cancellation);
}
