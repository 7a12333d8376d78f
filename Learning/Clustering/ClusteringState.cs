using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Learning.Data;

namespace OrleansDDM.Learning.Clustering;

/// <summary>A clustering as plain values, for storage with a run. Floats survive the way through JSON exactly.</summary>
public sealed record ClusteringState
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary><c>features</c>, <c>random</c> or <c>single</c>.</summary>
    public required string Method { get; init; }

    /// <summary>K.</summary>
    public required int Clusters { get; init; }

    /// <summary>Seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>(N) cluster of each training image.</summary>
    public required int[] Assignments { get; init; }

    /// <summary>Feature extractor; null when none is used.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FeatureState? Features { get; init; }

    /// <summary>(F, D).</summary>
    public required float[] FineCentroids { get; init; }

    /// <summary>(K, D).</summary>
    public required float[] CoarseCentroids { get; init; }

    /// <summary>[cluster][class] counts; null without labels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long[][]? LabelTable { get; init; }

    /// <summary>Names of the classes.</summary>
    public required string[] ClassNames { get; init; }

    /// <summary>The state as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads the state back.</summary>
    /// <exception cref="DatasetException">Not such JSON.</exception>
    public static ClusteringState FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<ClusteringState>(json, Options) ?? throw new DatasetException("Stored clustering", "is empty");
        }
        catch (JsonException e)
        {
            throw new DatasetException("Stored clustering", "cannot be read: " + e.Message.TrimEnd('.'), e);
        }
    }
}
