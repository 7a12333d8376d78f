namespace OrleansDDM.Specs;

/// <summary>
/// Training of each model by an island of peers: how many peers there are, what each of them holds, and the protocol by which those that
/// hold enough of a cluster agree on its expert. All peers train the router.
/// </summary>
public sealed record IslandsSpec
{
    /// <summary>Names that <see cref="Protocol"/> may have.</summary>
    public static IReadOnlyList<string> Protocols { get; } = ["modest", "isolated", "fedavg", "dpsgd", "gossip", "epidemic", "decavg", "dfedsam", "diloco"];

    /// <summary>Names that <see cref="Shards"/> may have.</summary>
    public static IReadOnlyList<string> Partitions { get; } = ["dirichlet", "iid", "label-sorted", "pathological", "quantity", "file", "hosts"];

    /// <summary>Names that <see cref="Topology"/> may have.</summary>
    public static IReadOnlyList<string> Topologies { get; } =
    [
        "exponential", "complete", "ring", "one-peer-exponential", "random-regular", "small-world", "barabasi-albert",
        "torus", "grid", "path", "star", "barbell", "random-geometric", "file",
    ];

    /// <summary>Names that <see cref="Compression"/> may have.</summary>
    public static IReadOnlyList<string> Compressions { get; } = ["none", "bf16", "int8", "top-k"];

    /// <summary>Peers over which the training images are spread; 0 = no islands: each model is trained in one place on its whole cluster.</summary>
    public int Peers { get; init; }

    /// <summary>
    /// <c>modest</c>, <c>fedavg</c>, <c>dpsgd</c>, <c>gossip</c>, <c>epidemic</c>, <c>decavg</c>, <c>dfedsam</c> or <c>diloco</c>; <c>isolated</c> = islands of one: each model is trained by one peer
    /// alone, as without islands, on what that peer holds.
    /// </summary>
    public string Protocol { get; init; } = "modest";

    /// <summary>
    /// More options of the protocol, each as NAME=VALUE with the name that <c>ddm simulate --set protocol.NAME=VALUE</c> has: <c>radius</c> (ρ) and
    /// <c>gossipSteps</c> (Q) of dfedsam, <c>fanout</c> of epidemic, <c>outerRate</c> and <c>outerMomentum</c> of diloco, ... What other keys set is none of them.
    /// </summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>
    /// How the images are spread: <c>dirichlet</c> (label skew), <c>iid</c>, <c>label-sorted</c> or <c>pathological</c> (few classes each), <c>quantity</c>
    /// (skewed sizes), <c>file</c> (as <see cref="ShardsFile"/> says), <c>hosts</c>: not at all. Each silo that finds images under <c>data.name</c> keeps them to
    /// itself, and its peers share them in equal parts; <c>data.limit</c> and <c>data.validation</c> then hold for each host.
    /// </summary>
    public string Shards { get; init; } = "dirichlet";

    /// <summary>
    /// The file of <c>file</c>, on every silo: for each peer, from peer 0, one line with the numbers of its images in the data set's training split, as
    /// numbers and ranges like 100-199. Each training image has one holder; images that are held out for validation may be listed or not.
    /// </summary>
    public string ShardsFile { get; init; } = "";

    /// <summary>Hosts with images of their own that a run of <c>hosts</c> waits for before it begins; those that come later are not part of it.</summary>
    public int MinHosts { get; init; } = 1;

    /// <summary>Dirichlet's alpha of <c>dirichlet</c> and <c>quantity</c>: the smaller, the more unlike the shards.</summary>
    public double Alpha { get; init; } = 0.3;

    /// <summary>Classes of a peer for <c>pathological</c>, pieces of a peer for <c>label-sorted</c>.</summary>
    public int ClassesPerPeer { get; init; } = 2;

    /// <summary>Least images of a cluster with which a peer joins its island.</summary>
    public int MinSamples { get; init; } = 16;

    /// <summary>Local optimizer steps of a peer in a round.</summary>
    public int LocalSteps { get; init; } = 20;

    /// <summary>Batch of a peer; 0 = the batch with which one place would train the model. The number of rounds follows: the samples in all stay the same.</summary>
    public int Batch { get; init; }

    /// <summary>Peers that train in a round of <c>modest</c> and <c>fedavg</c>.</summary>
    public int SampleSize { get; init; } = 8;

    /// <summary>Aggregators of a round of <c>modest</c>.</summary>
    public int Aggregators { get; init; } = 1;

    /// <summary>Part of the sample whose models are enough; (0, 1].</summary>
    public double SuccessFraction { get; init; } = 1;

    /// <summary>Weight of a peer's model where <c>modest</c> aggregates: <c>samples</c> (images of the cluster that it holds) or <c>uniform</c> (as in the paper).</summary>
    public string Weighting { get; init; } = "samples";

    /// <summary>How models become one: <c>mean</c>, or <c>variance-corrected</c> (arXiv 2404.04616).</summary>
    public string Aggregation { get; init; } = "mean";

    /// <summary>Moments of the optimizer: <c>fresh</c> in every participation, or <c>carried</c> over at the peer from its last one.</summary>
    public string Moments { get; init; } = "carried";

    /// <summary>
    /// Who sends to whom in <c>dpsgd</c>, <c>decavg</c>, <c>dfedsam</c> and <c>diloco</c>: a connected graph of each island's peers. An island of one or two
    /// peers is <c>complete</c>, unless the graph is that of a <c>file</c>.
    /// </summary>
    public string Topology { get; init; } = "exponential";

    /// <summary>
    /// The graph of <c>file</c>, on every silo: one edge a line, as the numbers of two peers. It is of all peers of the run; an island has those edges of it
    /// that join two of its peers.
    /// </summary>
    public string TopologyFile { get; init; } = "";

    /// <summary>Degree of <c>random-regular</c>, links of <c>barabasi-albert</c>, reach of <c>small-world</c>; in a smaller island, as many as a peer has others.</summary>
    public int TopologyDegree { get; init; } = 4;

    /// <summary>Radius of <c>random-geometric</c>, whose peers are points of the unit square. [1e-3, 2]</summary>
    public double TopologyRadius { get; init; } = 0.4;

    /// <summary>Probability of a shortcut for each edge of the lattice of <c>small-world</c>. [0, 1]</summary>
    public double TopologyProbability { get; init; } = 0.1;

    /// <summary>
    /// How a trained model travels: <c>none</c> (4 bytes a parameter), <c>bf16</c> (2), <c>int8</c> (1, and a scale for each block), or <c>top-k</c> (8 for each of the
    /// largest changes to the model that training began with; what is left out is added to the peer's next update). Aggregates of <c>modest</c> and
    /// <c>fedavg</c> travel whole. <c>top-k</c> is for these two alone: with the others nobody else holds the model that training began with.
    /// </summary>
    public string Compression { get; init; } = "none";

    /// <summary>Part of the parameters that <c>top-k</c> keeps. [1e-5, 1]</summary>
    public double CompressionKeep { get; init; } = 0.05;

    /// <summary>Parameters of a block of <c>int8</c>.</summary>
    public int CompressionBlock { get; init; } = 256;

    /// <summary>Part of the peers, drawn by the seed, that never answer anybody: a fault on purpose, for experiments. [0, 0.95]</summary>
    public double Unreachable { get; init; }

    /// <summary>The peer of <c>isolated</c>; -1 = for each model the one that holds most of its cluster.</summary>
    public int Peer { get; init; } = -1;

    /// <summary>Whether the images stay with the hosts that have them.</summary>
    public bool IsOnHosts() => Peers > 0 && Shards == "hosts";
}
