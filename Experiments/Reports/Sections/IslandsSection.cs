using System.Xml.Linq;

using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>Which peers trained each model, what they sent each other, and the graphs on which they averaged.</summary>
internal static class IslandsSection
{
    public static XElement? Of(IReadOnlyList<IslandFacts> islands) => islands.Count == 0 ? null : Html.Section(
        "islands",
        "Islands",
        Html.Paragraph(
            "Each model was trained by an island of peers: those that hold enough images of its cluster; the router by all. Peers send each other models and "
            + "frames; their images stay where they are. A model counts where a peer received it that did not hold it yet."),
        HtmlTable.Of(
            "Islands of this run",
            ["Model", "Protocol", "Peers", "Unreachable", "Returns", "Rounds", "Samples", "Models received", "MB of models", "MB uncompressed", "Frames", "MB of frames", "Refused"],
            islands.Select(i => (object[])
            [
                i.Role,
                i.Protocol,
                Figures.Count(i.Peers),
                Figures.Count(i.Unreachable),
                Figures.Count(i.Returns),
                Figures.Count(i.Rounds),
                Figures.Count(i.Samples),
                Figures.Count(i.Models),
                Figures.Number(i.ModelBytes / 1e6),
                Figures.Number(i.WholeBytes / 1e6),
                Figures.Count(i.Frames),
                Figures.Number(i.FrameBytes / 1e6),
                Figures.Count(i.Refused),
            ])),
        Graphs([.. islands.Where(i => i.Graph is not null)]));

    private static XElement[] Graphs(IslandFacts[] islands) => islands.Length == 0 ? [] :
    [
        Html.Paragraph(
            "Peers average with their neighbours on a graph of all peers of the island, reachable or not. λ is the second largest absolute eigenvalue of its "
            + "Metropolis-Hastings mixing: the larger the spectral gap 1 − λ, the faster the peers agree. χ1 and χ2, with all edges alike, set how many exchanges "
            + "asynchronous methods such as DADAO (arXiv 2208.00779) need. "
            + $"{Figures.None} stands where each round mixes otherwise, where there is no edge, and beyond {Figures.Count(TopologyFacts.MostNodes)} peers."),
        HtmlTable.Of(
            "Graphs of the islands",
            ["Model", "Graph", "Peers", "Edges", "Neighbours of a peer", "λ", "Spectral gap", "χ1", "χ2"],
            islands.Select(i => Row(i.Role, i.Graph!))),
    ];

    private static object[] Row(string role, TopologyFacts graph) =>
    [
        role,
        graph.Kind,
        Figures.Count(graph.Nodes),
        Figures.Count(graph.Edges),
        graph.LeastDegree == graph.MostDegree ? Figures.Count(graph.LeastDegree) : $"{Figures.Count(graph.LeastDegree)} to {Figures.Count(graph.MostDegree)}",
        Rounded(graph.SecondEigenvalue),
        Rounded(graph.SpectralGap),
        Rounded(graph.Chi1),
        Rounded(graph.Chi2),
    ];

    // λ of a complete graph is 0 but for the rounding of its computation.
    private static string Rounded(double? value) => Figures.Number(value is { } v ? Math.Round(v, 12) : null);
}
