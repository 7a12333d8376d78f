using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Artifacts;

/// <summary>The artifacts of a cluster for its clients. Key: <see cref="GrainKeys.Artifacts"/>.</summary>
[Alias(Aliases.ArtifactsGrain)]
public interface IArtifactsGrain : IGrainWithStringKey
{
    /// <summary>A piece of an artifact, from whichever silo has it. The caller verifies the whole.</summary>
    /// <param name="name">The artifact.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="count">Bytes, 1 to <see cref="IArtifactHost.MaxChunk"/>; fewer come at the end only.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArtifactException">No live silo has it.</exception>
    /// <exception cref="BadRequestException">The request breaks a rule.</exception>
    [Allow(Roles.Peer | Roles.Submitter, Transfers = true)]
    [Alias(Aliases.ReadAnyArtifact)]
    [return: Immutable]
    Task<byte[]> ReadAsync(string name, long offset, int count, CancellationToken cancellation = default);

    /// <summary>Lets every silo that has an artifact read its file again; corrupt ones are put aside.</summary>
    /// <returns>How many good copies there are.</returns>
    /// <exception cref="BadRequestException">The request breaks a rule.</exception>
    [ResponseTimeout("00:02:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.VerifyAnyArtifact)]
    Task<int> VerifyAsync(string name, CancellationToken cancellation = default);

    /// <summary>How many live silos have each artifact; not verified.</summary>
    /// <exception cref="BadRequestException">The request breaks a rule.</exception>
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.ReplicasOf)]
    Task<ReplicaCount> CountAsync(string[] names, CancellationToken cancellation = default);

    /// <summary>What each live silo holds; silos that do not answer are left out.</summary>
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.ArtifactHostStatuses)]
    Task<ArtifactHostStatus[]> GetStatusAsync(CancellationToken cancellation = default);
}
