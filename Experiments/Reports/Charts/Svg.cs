using System.Globalization;
using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>The few SVG elements that charts are made of. Colours and fonts come from the page's style sheet.</summary>
internal static class Svg
{
    /// <summary>A drawing that scales with its place on the page.</summary>
    /// <param name="width">Width of the drawing's own units.</param>
    /// <param name="height">Height of the same.</param>
    /// <param name="label">What a screen reader says.</param>
    /// <param name="content">Elements.</param>
    public static XElement Drawing(double width, double height, string label, params object?[] content) => new(
        "svg",
        new XAttribute("viewBox", $"0 0 {N(width)} {N(height)}"),
        new XAttribute("role", "img"),
        new XAttribute("aria-label", label),
        content);

    /// <summary>Text at a point.</summary>
    public static XElement Text(double x, double y, string text, string cssClass = "", string anchor = "start") => new(
        "text",
        new XAttribute("x", N(x)),
        new XAttribute("y", N(y)),
        anchor == "start" ? null : new XAttribute("text-anchor", anchor),
        cssClass.Length == 0 ? null : Html.Class(cssClass),
        text);

    /// <summary>Text that reads upwards beside a vertical axis.</summary>
    public static XElement Upwards(double x, double y, string text) => new(
        "text", new XAttribute("transform", $"translate({N(x)} {N(y)}) rotate(-90)"), new XAttribute("text-anchor", "middle"), Html.Class("name"), text);

    /// <summary>A straight line.</summary>
    public static XElement Line(double x1, double y1, double x2, double y2, string cssClass) => new(
        "line",
        new XAttribute("x1", N(x1)),
        new XAttribute("y1", N(y1)),
        new XAttribute("x2", N(x2)),
        new XAttribute("y2", N(y2)),
        Html.Class(cssClass));

    /// <summary>A rectangle.</summary>
    public static XElement Rectangle(double x, double y, double width, double height, string cssClass, object? content = null) => new(
        "rect",
        new XAttribute("x", N(x)),
        new XAttribute("y", N(y)),
        new XAttribute("width", N(width)),
        new XAttribute("height", N(height)),
        Html.Class(cssClass),
        content);

    /// <summary>A path.</summary>
    public static XElement Path(string data, string cssClass) => new("path", new XAttribute("d", data), Html.Class(cssClass));

    /// <summary>A tooltip.</summary>
    public static XElement Tip(string text) => new("title", text);

    /// <summary>A coordinate, to a tenth of a unit.</summary>
    public static string N(double value) => Math.Round(value, 1).ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>About how wide a text is in the style sheet's chart font.</summary>
    public static double WidthOf(string text) => 6.1 * text.Length;

    /// <summary>A text cut to a width.</summary>
    public static string Fit(string text, double width)
    {
        int most = Math.Max(1, (int)(width / 6.1));
        return text.Length <= most ? text : text[..Math.Max(0, most - 1)] + "…";
    }
}
