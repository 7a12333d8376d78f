using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>What the figures were measured on.</summary>
internal static class EnvironmentSection
{
    public static XElement Of(RunEnvironment environment, double evaluationSeconds) => Html.Section(
        "environment",
        "Environment",
        Html.Paragraph("Of the process that evaluated the run and wrote this page."),
        Facts(
            ("Operating system", $"{environment.OperatingSystem}, {environment.Architecture}"),
            ("Processors", Figures.Count(environment.Cores)),
            ("Runtime", environment.Runtime),
            ("TorchSharp", environment.TorchSharp),
            ("libtorch", environment.LibTorch),
            ("OrleansDDM", environment.Version),
            ("Time of the evaluation", Figures.Duration(evaluationSeconds))));

    /// <summary>A list of names and values.</summary>
    public static XElement Facts(params IEnumerable<(string Name, object Value)> facts) =>
        new("dl", Html.Class("facts"), facts.Select(f => new[] { new XElement("dt", f.Name), new XElement("dd", f.Value) }));
}
