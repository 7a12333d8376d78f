namespace OrleansDDM.Grains;

/// <summary>Names of metric rows that the grains read.</summary>
internal static class MetricNames
{
    /// <summary>Held-out loss of a model.</summary>
    public const string Validation = "loss/validation";
}
