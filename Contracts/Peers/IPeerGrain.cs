using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Peers;

/// <summary>
/// One peer of one island: the state machine of the island's protocol. It lives on the host of its data and nowhere else. Its island starts it;
/// peers speak to each other by one-way frames. Key: <see cref="GrainKeys.Peer"/>.
/// </summary>
[SilosOnly]
[Alias(Aliases.PeerGrain)]
public interface IPeerGrain : IGrainWithStringKey
{
    /// <summary>Starts the peer, or brings it back with what it had persisted. Repeating it changes nothing.</summary>
    /// <exception cref="Runs.StaleTermException">A newer term of the island has been seen, or this one was stopped.</exception>
    [Alias(Aliases.StartPeer)]
    Task<PeerStatus> StartAsync(PeerStart start, CancellationToken cancellation = default);

    /// <summary>Stops the peer; what it persisted stays.</summary>
    /// <param name="islandTerm">Term of the island; a lower one than the peer has seen is ignored.</param>
    /// <param name="forget">Whether what it persisted goes too: the island is done.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    [AlwaysInterleave]
    [Alias(Aliases.StopPeer)]
    Task<PeerStatus> StopAsync(long islandTerm, bool forget, CancellationToken cancellation = default);

    /// <summary>Stops the peer and removes all that it has stored: its run is removed.</summary>
    [Alias(Aliases.RemovePeer)]
    Task RemoveAsync(CancellationToken cancellation = default);

    /// <summary>Delivers a frame of another peer, at most once; what is not right is refused and counted.</summary>
    [OneWay]
    [AlwaysInterleave]
    [Alias(Aliases.DeliverFrame)]
    Task DeliverAsync(PeerFrame frame, CancellationToken cancellation = default);

    /// <summary>For a solve: where the peer is. Of a peer of an island, nothing.</summary>
    /// <param name="vectors">Whether the vectors of its durable state come too.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    [AlwaysInterleave]
    [Alias(Aliases.ExportPeer)]
    Task<PeerExport> ExportAsync(bool vectors, CancellationToken cancellation = default);

    /// <summary>What it is doing.</summary>
    [AlwaysInterleave]
    [Alias(Aliases.PeerStatusOf)]
    Task<PeerStatus> GetStatusAsync(CancellationToken cancellation = default);
}
