using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Contracts.Peers;

/// <summary>
/// A model that an island of peers trains. It starts the peers and records what they come to; it is no parameter server: peers agree among
/// themselves. Key: <see cref="GrainKeys.Model"/>.
/// </summary>
[SilosOnly]
[Alias(Aliases.IslandGrain)]
public interface IIslandGrain : IModelGrain
{
    /// <summary>Takes note of what a peer did.</summary>
    [OneWay]
    [AlwaysInterleave]
    [Alias(Aliases.ReportPeer)]
    Task ReportPeerAsync(PeerReport report, CancellationToken cancellation = default);
}
