namespace OrleansDDM.Silos.Storage;

/// <summary>What a database has of one feature of the schema.</summary>
/// <param name="Feature">The feature: <c>clustering</c>, <c>grain-storage</c>, <c>reminders</c>, <c>identity</c> or <c>tokens</c>.</param>
/// <param name="Condition">Whether it can be used.</param>
/// <param name="Installed">The installed version; null = none.</param>
/// <param name="Needed">The version that this program needs.</param>
/// <param name="Detail">What is missing or differs; null where it is current.</param>
public sealed record FeatureState(string Feature, FeatureCondition Condition, int? Installed, int Needed, string? Detail);

/// <summary>Whether a feature of the schema can be used.</summary>
public enum FeatureCondition
{
    /// <summary>It is what this program needs.</summary>
    Current,

    /// <summary>It is not there, or a part of it is gone.</summary>
    Missing,

    /// <summary>An older version, which <c>ddm db init</c> brings up to date.</summary>
    Old,

    /// <summary>A newer version, which needs a newer program.</summary>
    Newer,
}
