using System.Xml.Linq;

using OrleansDDM.Experiments.Reports;
using OrleansDDM.Experiments.Reports.Sections;

namespace OrleansDDM.Experiments.Compare;

/// <summary>The parts of a report that say what was claimed and what the claims rest on.</summary>
internal static class GateSections
{
    /// <summary>Claims with their verdicts.</summary>
    /// <param name="gates">The claims.</param>
    /// <param name="how">How verdicts come about.</param>
    /// <param name="measured">A gate's figures in words.</param>
    internal static XElement Claims(IEnumerable<Gate> gates, string how, Func<Gate, string> measured) => Html.Section(
        "claims",
        "Claims",
        new XElement("p", Html.Class("soft"), how),
        EnvironmentSection.Facts(gates.Select(g => (
            g.Id,
            (object)new object[]
            {
                g.Verdict == Gate.Holds ? new XElement("span", Html.Class("best"), "holds") : new XElement("strong", "fails"),
                $": {g.Claim}.",
                new XElement("div", Html.Class("soft"), $"Holds if {g.Threshold}."),
                new XElement("div", Html.Class("soft"), $"Measured: {measured(g)}."),
            }))));

    /// <summary>Controls.</summary>
    internal static XElement Controls(IEnumerable<Control> controls) => Html.Section(
        "controls",
        "Controls",
        Html.Paragraph("Without these the claims would mean little."),
        EnvironmentSection.Facts(controls.Select(c => (
            c.Id, (object)new object[] { c.Purpose + ".", new XElement("div", Html.Class("soft"), c.Measured) }))));
}
