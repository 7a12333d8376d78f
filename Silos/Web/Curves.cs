using OrleansDDM.Contracts.Models;

namespace OrleansDDM.Silos.Web;

/// <summary>Curves of metrics, thinned out to what a picture can show.</summary>
internal static class Curves
{
    /// <summary>Points of one curve at most.</summary>
    public const int Most = 400;

    /// <summary>The curves of each model by their metric: (step, value), in order of steps. What is not finite is left out.</summary>
    public static Dictionary<string, Dictionary<string, double[][]>> Of(IEnumerable<ModelMetrics> models) => models.ToDictionary(
        m => m.Role,
        m => m.Points.Where(p => double.IsFinite(p.Value)).GroupBy(p => p.Name).ToDictionary(g => g.Key, g => Thin([.. g.OrderBy(p => p.Step)])));

    // Means over stretches of equally many points: a mean does not hide what a picked point would.
    private static double[][] Thin(MetricPoint[] points)
    {
        int count = Math.Min(points.Length, Most);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            ReadOnlySpan<MetricPoint> part = points.AsSpan((int)((long)i * points.Length / count)..(int)((long)(i + 1) * points.Length / count));
            double sum = 0;
            foreach (MetricPoint point in part)
            {
                sum += point.Value;
            }

            return (double[])[part[^1].Step, sum / part.Length];
        })];
    }
}
