namespace OrleansDDM.Silos.Cluster;

/// <summary>A setting of a silo: <c>Key</c> in the file, <c>DDM__Section__Key</c> in the environment, a flag on the command line.</summary>
/// <param name="Key">Section and name, e.g. <c>Silo:Slots</c>.</param>
/// <param name="Flag">The flag without its dashes.</param>
/// <param name="Value">What the value is, for the help.</param>
/// <param name="Help">What it does.</param>
internal sealed record Setting(string Key, string Flag, string Value, string Help)
{
    /// <summary>Its name in the environment.</summary>
    public string Variable => "DDM__" + Key.Replace(":", "__", StringComparison.Ordinal);
}
