using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Reports;

/// <summary>What a report tells of the island that trained one model.</summary>
/// <param name="Role"><c>expert-N</c> or <c>router</c>.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Peers">Peers that hold enough of the cluster.</param>
/// <param name="Unreachable">Peers of them that did not answer at the end.</param>
/// <param name="Returns">Times that a peer came back.</param>
/// <param name="Rounds">Rounds completed.</param>
/// <param name="Samples">Samples drawn in all trainings.</param>
/// <param name="Models">Models received from other peers.</param>
/// <param name="ModelBytes">Bytes of these models as they travelled.</param>
/// <param name="WholeBytes">Bytes of these models without compression.</param>
/// <param name="Frames">Frames sent.</param>
/// <param name="FrameBytes">Bytes of these frames.</param>
/// <param name="Refused">Frames refused.</param>
/// <param name="Graph">The graph on which the peers average; null = the protocol has none.</param>
public sealed record IslandFacts(
    string Role,
    string Protocol,
    int Peers,
    int Unreachable,
    long Returns,
    long Rounds,
    long Samples,
    long Models,
    long ModelBytes,
    long WholeBytes,
    long Frames,
    long FrameBytes,
    long Refused,
    TopologyFacts? Graph = null);
