using Orleans.Services;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Artifacts;

/// <summary>
/// The artifacts of one silo for the other silos, one service per silo. Bytes travel in pieces that the taker asks for; whoever takes
/// them verifies the whole. A request that breaks a rule is refused with <see cref="BadRequestException"/>, one too many with
/// <see cref="ArtifactBusyException"/>.
/// </summary>
[SilosOnly]
[Alias(Aliases.ArtifactHost)]
public interface IArtifactHost : IGrainService
{
    /// <summary>Largest piece in bytes.</summary>
    const int MaxChunk = 1 << 20;

    /// <summary>Most names in one request.</summary>
    const int MaxNames = 4096;

    /// <summary>Which artifacts this silo has; not verified.</summary>
    /// <returns>One answer for each name.</returns>
    [ResponseTimeout("00:00:10")]
    [Alias(Aliases.ArtifactsHeld)]
    Task<bool[]> HasAsync(string[] names, CancellationToken cancellation = default);

    /// <summary>A piece of an artifact.</summary>
    /// <param name="name">The artifact.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="count">Bytes, 1 to <see cref="MaxChunk"/>; fewer come at the end only.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArtifactException">It is not here, or cannot be read.</exception>
    [ResponseTimeout("00:00:10")]
    [Alias(Aliases.ReadArtifact)]
    [return: Immutable]
    Task<byte[]> ReadAsync(string name, long offset, int count, CancellationToken cancellation = default);

    /// <summary>Reads the file of an artifact again and puts it aside if it is corrupt.</summary>
    /// <returns>Whether it is here and good.</returns>
    [ResponseTimeout("00:02:00")]
    [Alias(Aliases.VerifyArtifact)]
    Task<bool> VerifyAsync(string name, CancellationToken cancellation = default);

    /// <summary>Takes an artifact from the silos that have it and keeps it; returns when it is on this silo's disk.</summary>
    /// <exception cref="ArtifactException">No silo has a good copy, it is larger than allowed, or this silo's disk is full.</exception>
    [ResponseTimeout("00:10:00")]
    [Alias(Aliases.PullArtifact)]
    Task PullAsync(ArtifactReference reference, CancellationToken cancellation = default);

    /// <summary>Deletes artifacts that nobody refers to any more.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias(Aliases.DropArtifacts)]
    Task DropAsync(string[] names, CancellationToken cancellation = default);

    /// <summary>Forgets which checkpoints a removed run had.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias(Aliases.ForgetRun)]
    Task ForgetRunAsync(string run, CancellationToken cancellation = default);

    /// <summary>How much this silo holds.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias(Aliases.ArtifactHostStatusOf)]
    Task<ArtifactHostStatus> GetStatusAsync(CancellationToken cancellation = default);
}
