using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports;

/// <summary>The shell of a report: one file that needs no other file, no script and no network.</summary>
public static class HtmlPage
{
    // Were a text ever to get in as markup, a browser would still load and run nothing.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    /// <summary>The whole page.</summary>
    /// <param name="title">Heading and title of the page.</param>
    /// <param name="lead">What stands under the heading.</param>
    /// <param name="sections">Sections made by <see cref="Html.Section"/>; null ones are left out.</param>
    /// <param name="kicker">A word above the heading that says what kind of page this is.</param>
    public static string Write(string title, object? lead, IEnumerable<XElement?> sections, string kicker = "OrleansDDM")
    {
        XElement[] present = [.. sections.OfType<XElement>()];
        var page = new XElement(
            "html",
            new XAttribute("lang", "en"),
            new XElement(
                "head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("http-equiv", "Content-Security-Policy"), new XAttribute("content", Policy)),
                Meta("viewport", "width=device-width, initial-scale=1"),
                Meta("color-scheme", "light dark"),
                new XElement("title", title),
                new XElement("style", PageStyle.Sheet)),
            new XElement(
                "body",
                new XElement(
                    "header",
                    new XElement("p", Html.Class("kicker"), kicker),
                    new XElement("h1", title),
                    lead,
                    Contents(present)),
                new XElement("main", present.SelectMany(section => new object[] { "\n", section })),
                "\n"));
        return "<!DOCTYPE html>\n" + Html.Write(page) + "\n";
    }

    private static XElement Contents(XElement[] sections) => new(
        "nav",
        new XAttribute("aria-label", "Contents"),
        sections.Select(s => new XElement("a", new XAttribute("href", "#" + s.Attribute("id")?.Value), s.Element("h2")?.Value)));

    private static XElement Meta(string name, string content) => new("meta", new XAttribute("name", name), new XAttribute("content", content));
}
