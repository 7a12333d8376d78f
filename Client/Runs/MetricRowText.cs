using System.Text.Json;

using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Client.Runs;

/// <summary>A row of <c>metrics.jsonl</c>.</summary>
internal static class MetricRowText
{
    /// <summary><c>{"role", "step", "name", "value"}</c> on one line.</summary>
    public static string Write(string role, MetricPoint point) =>
        JsonSerializer.Serialize(new { role, step = point.Step, name = point.Name, value = point.Value });

    /// <summary>The rows of all models.</summary>
    public static string Write(IEnumerable<ModelMetrics> models) => string.Concat(models.SelectMany(m => m.Points.Select(p => Write(m.Role, p) + "\n")));

    /// <summary>Reads a row; null for a line that a crash tore.</summary>
    public static (string Role, MetricPoint Point)? Read(string line)
    {
        try
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            return (row.GetProperty("role").GetString()!, new MetricPoint(
                row.GetProperty("step").GetInt32(), row.GetProperty("name").GetString()!, row.GetProperty("value").GetDouble()));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
