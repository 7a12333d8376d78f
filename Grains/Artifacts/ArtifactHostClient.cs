using Orleans.Runtime;
using Orleans.Runtime.Services;

using OrleansDDM.Contracts.Artifacts;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>Calls the artifact hosts of silos.</summary>
internal sealed class ArtifactHostClient(IServiceProvider services) : GrainServiceClient<IArtifactHost>(services), IArtifactHostClient
{
    public IArtifactHost On(SiloAddress silo) => GetGrainService(silo);
}
