using System.Buffers.Binary;
using System.Globalization;
using System.Xml.Linq;

using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Reports.Sections;

/// <summary>The pictures of a run, inside the page.</summary>
internal static class PicturesSection
{
    private static readonly byte[] PngStart = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static XElement? Samples(RunReportContents contents)
    {
        RunSpec spec = contents.Spec;
        string rule = spec.Experts.Count == 1 ? "the one expert" : $"mixing rule {spec.Mixing.Rule}";
        string text = string.Create(CultureInfo.InvariantCulture, $"Samples of the ensemble, drawn with {rule}, seed {spec.Seed}; none was picked by hand.");
        return Picture(contents.Samples) is { } picture
            ? Html.Section("samples", "Samples", Html.Figure(With(picture, text), text))
            : null;
    }

    public static XElement? Clusters(RunReportContents contents)
    {
        const string Text = "Each row is one cluster: real training images of it on the left, samples of the expert that was trained on it on the right.";
        return Picture(contents.Clusters) is { } picture
            ? Html.Section("experts", "Clusters and their experts", Html.Figure(With(picture, Text), Text))
            : null;
    }

    private static XElement With(XElement picture, string text)
    {
        picture.SetAttributeValue("alt", text);
        return picture;
    }

    // The size is told beforehand so that the page does not jump when the picture has been decoded.
    private static XElement? Picture(byte[]? png)
    {
        if (png is null || png.Length < 24 || !png.AsSpan(0, 8).SequenceEqual(PngStart))
        {
            return null;
        }

        return new XElement(
            "img",
            new XAttribute("src", "data:image/png;base64," + Convert.ToBase64String(png)),
            new XAttribute("width", BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(16))),
            new XAttribute("height", BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(20))));
    }
}
