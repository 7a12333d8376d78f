using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>Which peers trained each model, and what they sent each other.</summary>
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
            ])));
}
