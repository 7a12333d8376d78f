using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports;

/// <summary>
/// Builds markup that is HTML5 and well-formed XML at once. Pages are trees, never concatenated text, so that every text is escaped.
/// </summary>
public static class Html
{
    // Only these may stand without an end tag: an HTML parser reads <td /> as an opening tag. Shapes belong to SVG, where it is closed.
    private static readonly HashSet<string> Childless =
        ["meta", "img", "br", "col", "path", "line", "rect", "circle", "polyline"];

    /// <summary>An element; null content is left out.</summary>
    public static XElement Element(string name, params object?[] content) => new(name, content);

    /// <summary>A <c>class</c> attribute.</summary>
    public static XAttribute Class(string names) => new("class", names);

    /// <summary>A paragraph.</summary>
    public static XElement Paragraph(params object?[] content) => new("p", content);

    /// <summary>A section with a heading that a link <c>#id</c> reaches.</summary>
    public static XElement Section(string id, string title, params object?[] content) =>
        new("section", new XAttribute("id", id), new XElement("h2", title), content);

    /// <summary>Content that is folded away until asked for.</summary>
    public static XElement Details(string summary, params object?[] content) => new("details", new XElement("summary", summary), content);

    /// <summary>A picture with a caption under it.</summary>
    public static XElement Figure(XElement picture, params object?[] caption) =>
        new("figure", picture, caption.Length == 0 ? null : new XElement("figcaption", caption));

    /// <summary>Figures side by side where there is room.</summary>
    /// <param name="figures">The figures.</param>
    /// <param name="small">Whether four or so fit a desktop page, rather than two.</param>
    public static XElement Gallery(IEnumerable<XElement> figures, bool small = false) =>
        new("div", Class(small ? "gallery small" : "gallery"), figures);

    /// <summary>The text of a tree, on as few lines as it has.</summary>
    public static string Write(XElement root)
    {
        ArgumentNullException.ThrowIfNull(root);
        var tidy = new XElement(root);
        foreach (XElement element in tidy.DescendantsAndSelf())
        {
            foreach (XAttribute attribute in element.Attributes())
            {
                attribute.Value = Clean(attribute.Value);
            }

            foreach (XText text in element.Nodes().OfType<XText>())
            {
                text.Value = Clean(text.Value);
            }

            if (element.IsEmpty && !Childless.Contains(element.Name.LocalName))
            {
                element.Value = "";
            }
        }

        var builder = new StringBuilder();
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, NewLineHandling = NewLineHandling.None };
        using (XmlWriter writer = XmlWriter.Create(builder, settings))
        {
            tidy.Save(writer);
        }

        return builder.ToString();
    }

    // Names of classes come from folders and may hold anything; XML has no way to write a control character or half a surrogate pair.
    private static string Clean(string text)
    {
        if (text.All(c => XmlConvert.IsXmlChar(c) && c != '\r'))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool allowed = rune.Value > 0xFFFF || (XmlConvert.IsXmlChar((char)rune.Value) && rune.Value != '\r');
            clean.Append(allowed ? rune.ToString() : "\uFFFD");
        }

        return clean.ToString();
    }
}
