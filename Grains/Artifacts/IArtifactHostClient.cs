using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Finds the artifact host of a silo.</summary>
internal interface IArtifactHostClient
{
    /// <summary>The artifact host of <paramref name="silo"/>.</summary>
    IArtifactHost On(SiloAddress silo);
}
