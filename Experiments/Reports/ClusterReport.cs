using System.Text.Json;

namespace OrleansDDM.Experiments.Reports;

/// <summary>The clustering of a run as its JSON report tells it.</summary>
/// <param name="Method"><c>features</c>, <c>random</c> or <c>single</c>.</param>
/// <param name="Sizes">Training images of each cluster. // (K)</param>
/// <param name="Labels">Training images by [cluster][class]; null where the data has no labels.</param>
/// <param name="Classes">Names of the classes.</param>
public sealed record ClusterReport(
    string Method, IReadOnlyList<long> Sizes, IReadOnlyList<IReadOnlyList<long>>? Labels, IReadOnlyList<string> Classes)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>Reads the JSON; a table that does not fit the sizes and classes counts as missing.</summary>
    /// <returns>Null for text that is no such report: a page is better with a gap than not written after a long run.</returns>
    public static ClusterReport? Read(string json)
    {
        Parts? parts;
        try
        {
            parts = JsonSerializer.Deserialize<Parts>(json, Options);
        }
        catch (JsonException)
        {
            return null;
        }

        if (parts?.Sizes is not { } sizes)
        {
            return null;
        }

        string[] classes = [.. (parts.Classes ?? []).Select(name => name ?? "")];
        bool fits = parts.Labels is { } rows && rows.Length == sizes.Length && classes.Length > 0 && rows.All(row => row?.Length == classes.Length);
        return new ClusterReport(parts.Method ?? Figures.None, sizes, fits ? parts.Labels : null, classes);
    }

    private sealed record Parts(string? Method, long[]? Sizes, long[][]? Labels, string?[]? Classes);
}
