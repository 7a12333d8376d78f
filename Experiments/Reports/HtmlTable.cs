using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports;

/// <summary>A table whose first column names its rows; a wide one scrolls sideways on its own.</summary>
public static class HtmlTable
{
    /// <summary>The table.</summary>
    /// <param name="caption">Says what the numbers are.</param>
    /// <param name="headers">One per column.</param>
    /// <param name="rows">Cells: text, elements, or arrays of both.</param>
    /// <exception cref="ArgumentException">A row with another number of cells than there are headers.</exception>
    public static XElement Of(string caption, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<object>> rows)
    {
        ArgumentNullException.ThrowIfNull(headers);
        ArgumentNullException.ThrowIfNull(rows);
        return new XElement(
            "div",
            Html.Class("scroll"),
            new XAttribute("role", "region"),
            new XAttribute("aria-label", caption),
            new XAttribute("tabindex", "0"),
            new XElement(
                "table",
                new XElement("caption", new XElement("span", caption)),
                new XElement("thead", new XElement("tr", headers.Select(h => new XElement("th", new XAttribute("scope", "col"), h)))),
                new XElement("tbody", rows.Select(cells => Row(caption, headers.Count, cells)))));
    }

    private static XElement Row(string caption, int columns, IReadOnlyList<object> cells) =>
        cells.Count == columns
            ? new XElement(
                "tr",
                new XElement("th", new XAttribute("scope", "row"), cells[0]),
                cells.Skip(1).Select(cell => new XElement("td", cell)))
            : throw new ArgumentException($"Table '{caption}' has {columns} columns, but a row of {cells.Count} cells.");
}
