using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Solves;

/// <summary>
/// A convex problem that peers solve between them. It starts the peers, looks at where they are and stops them; the peers exchange their vectors
/// among themselves. Key: <see cref="GrainKeys.Solve"/>.
/// </summary>
[Alias(Aliases.SolveGrain)]
public interface ISolveGrain : IGrainWithStringKey
{
    /// <summary>Starts the solve, or attaches to it if it has this very spec; one that was stopped or faulted goes on. It returns at once.</summary>
    /// <param name="spec">A <see cref="Specs.SolveSpec"/> as JSON.</param>
    /// <param name="force">Give up a solve of the same name with a different spec.</param>
    /// <param name="cancellation">Gives up the call, not the solve.</param>
    /// <exception cref="RunConflictException">The name belongs to a solve with a different spec.</exception>
    /// <exception cref="BadRequestException">The spec is not valid, or has another name than the key.</exception>
    [ResponseTimeout("00:03:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.SubmitSolve)]
    Task<SolveStatus> SubmitAsync(string spec, bool force = false, CancellationToken cancellation = default);

    /// <summary>Stops the peers; what they have stored stays, and submitting goes on from there.</summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.StopSolve)]
    Task<SolveStatus> StopAsync(CancellationToken cancellation = default);

    /// <summary>Removes the solve: its state and that of its peers. Of a peer whose host is down the row stays; no later solve heeds it. It cannot be undone.</summary>
    /// <param name="force">Stop it first if it is at work.</param>
    /// <param name="cancellation">Gives up the call.</param>
    /// <exception cref="BadRequestException">Nothing was submitted under this name; or it is at work, and <paramref name="force"/> is not given.</exception>
    [ResponseTimeout("00:02:00")]
    [Allow(Roles.Submitter, Mutates = true)]
    [Alias(Aliases.RemoveSolve)]
    Task RemoveAsync(bool force = false, CancellationToken cancellation = default);

    /// <summary>What is known of the solve now.</summary>
    [AlwaysInterleave]
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.SolveStatusOf)]
    Task<SolveStatus> GetStatusAsync(CancellationToken cancellation = default);

    /// <summary>The mean of the peers' x, (classes, width) as little-endian float64; empty until the solve has ended.</summary>
    [AlwaysInterleave]
    [Allow(Roles.Observer | Roles.Peer | Roles.Submitter)]
    [Alias(Aliases.SolutionOf)]
    Task<byte[]> GetSolutionAsync(CancellationToken cancellation = default);

    /// <summary>Takes note of what a peer did. It also wakes a solve whose silo went.</summary>
    [OneWay]
    [AlwaysInterleave]
    [SilosOnly]
    [Alias(Aliases.ReportToSolve)]
    Task ReportPeerAsync(PeerReport report, CancellationToken cancellation = default);
}
