using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace OrleansDDM.Experiments.Reports.Charts;

/// <summary>
/// Colours of all charts, after Okabe and Ito (2008), darker on white and lighter on black so that each stands out from the page.
/// The first eight also differ by dashes where they are lines. One index is one thing throughout a page: expert k is colour k.
/// </summary>
public static class ChartPalette
{
    /// <summary>Number of colours. More things than these are drawn as a heat map, or gathered.</summary>
    public const int Count = 10;

    /// <summary>The colour of lines to compare with, a neutral grey.</summary>
    public const int Neutral = 7;

    /// <summary>The largest number of lines that are told apart by colour.</summary>
    public const int Distinct = 8;

    // Blue, vermilion, green, purple, amber, sky, brown, grey, olive, indigo: (on white, text on it, on black).
    private static readonly (string Light, string Ink, string Dark)[] Colours =
    [
        ("#0072b2", "#fff", "#5ab0e8"),
        ("#d55e00", "#111", "#ff8a47"),
        ("#007f5c", "#fff", "#35c79a"),
        ("#b0508f", "#fff", "#e59cc8"),
        ("#c28500", "#111", "#f0b840"),
        ("#3b93cf", "#111", "#a5d8f8"),
        ("#7a4a32", "#fff", "#c79a80"),
        ("#666c74", "#fff", "#a3aab3"),
        ("#6b7a00", "#fff", "#c3d050"),
        ("#4b3e9c", "#fff", "#b0a5f5"),
    ];

    private static readonly string[] Dashes = ["", "7 3", "2 3", "9 3 2 3", "5 2 1 2", "12 3", "4 4", "3 3"];

    /// <summary>The class that gives an element colour <paramref name="index"/>; it starts again after the last.</summary>
    public static string Class(int index) => "s" + (index % Count).ToString(CultureInfo.InvariantCulture);

    /// <summary>A list of names with their colours.</summary>
    public static XElement Key(IEnumerable<(string Name, int Colour)> entries) => new(
        "ul",
        Html.Class("key"),
        entries.Select(e => new XElement("li", new XElement("span", Html.Class("chip " + Class(e.Colour))), e.Name)));

    /// <summary>Style rules of the colours, for one of the two colour schemes.</summary>
    internal static string Variables(bool dark) => string.Concat(Colours.Select((c, i) =>
        $"--c{i}:{(dark ? c.Dark : c.Light)};--i{i}:{(dark ? "#111" : c.Ink)};"));

    /// <summary>Style rules that bind classes to colours and dashes.</summary>
    internal static string Rules()
    {
        var rules = new StringBuilder();
        for (int i = 0; i < Count; i++)
        {
            rules.Append(CultureInfo.InvariantCulture, $".s{i}{{--c:var(--c{i});--i:var(--i{i})}}\n");
            if (i < Dashes.Length && Dashes[i].Length > 0)
            {
                rules.Append(CultureInfo.InvariantCulture, $".line.s{i}{{stroke-dasharray:{Dashes[i]}}}\n");
            }
        }

        return rules.Append(".line.faint{stroke-dasharray:none}\n").ToString();
    }
}
