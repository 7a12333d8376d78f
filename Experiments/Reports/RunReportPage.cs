using System.Xml.Linq;

using OrleansDDM.Experiments.Reports.Sections;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Reports;

/// <summary>The report of one run: a single HTML file with pictures, charts and every figure, that needs no other file and no network.</summary>
public static class RunReportPage
{
    /// <summary>The page. The same contents give the same page on the same machine.</summary>
    /// <param name="contents">What to show. Missing parts (no samples, no router, no labels, no curves) leave a gap or a sentence.</param>
    public static string Write(RunReportContents contents)
    {
        ArgumentNullException.ThrowIfNull(contents);
        ClusterReport? clusters = ClusterReport.Read(contents.ClusterReport);
        return HtmlPage.Write(
            contents.Spec.Name,
            Lead(contents, clusters),
            [
                HeadlineSection.Of(contents.Evaluation),
                PicturesSection.Samples(contents),
                PicturesSection.Clusters(contents),
                RulesSection.Of(contents.Evaluation, clusters),
                TrainingSection.Of(contents.Curves),
                IslandsSection.Of(contents.Islands),
                RouterSection.Of(contents.Evaluation.Router),
                ExpertUseSection.Of(contents.Evaluation.Rules),
                ClusteringSection.Of(clusters),
                EnvironmentSection.Of(RunEnvironment.Current, contents.Evaluation.Seconds),
                SpecSection(contents),
            ],
            "OrleansDDM · report of a run");
    }

    /// <summary>A data set's name; of a path only the last part, since the rest is about a machine.</summary>
    internal static string DataName(string name) =>
        name.TrimEnd('/', '\\').Split('/', '\\') is [.., { Length: > 0 } last] ? last : name;

    private static XElement Lead(RunReportContents contents, ClusterReport? clusters)
    {
        RunSpec spec = contents.Spec;
        long images = clusters?.Sizes.Sum() ?? 0;
        string experts = spec.Experts.Count == 1 ? "1 expert (a monolith, without a router)" : $"{spec.Experts.Count} experts and a router";
        string network = spec.Model.Kind == "dit"
            ? $"dit, patch {spec.Model.Patch}, width {spec.Model.Width}, depth {spec.Model.Depth}, {spec.Model.Heads} heads"
            : $"{spec.Model.Kind}, width {spec.Model.Width}, depth {spec.Model.Depth}";
        return EnvironmentSection.Facts(
            ("Data set", DataName(spec.Data.Name) + (images == 0 ? "" : $", {Figures.Count(images)} training images")),
            ("Ensemble", experts),
            ("Network", network),
            ("Training", $"{Figures.Count(spec.Training.Steps)} steps of each expert, batch {Figures.Count(spec.Training.Batch)} over all experts"),
            ("Sampling", (spec.Experts.Count == 1 ? "" : spec.Mixing.Rule + ", ")
                + $"{spec.Sampling.Scheduler}, {Figures.Count(spec.Sampling.Steps)} steps, {spec.Sampling.Grid} grid"),
            ("Seed", spec.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("Spec SHA-256", new XElement("span", Html.Class("hash"), contents.SpecHash)));
    }

    private static XElement SpecSection(RunReportContents contents)
    {
        RunSpec spec = contents.Spec;
        string data = DataName(spec.Data.Name);
        string cut = data == spec.Data.Name ? "" : " Of data.name, a path of the machine that trained, only the last part is shown.";
        return Html.Section(
            "spec",
            "Spec",
            Html.Paragraph("The document that fixes this run. The same spec gives the same model; its SHA-256 is of the canonical form." + cut),
            Html.Details("The full spec", new XElement("pre", SpecJson.Write(spec with { Data = spec.Data with { Name = data } }))));
    }
}
