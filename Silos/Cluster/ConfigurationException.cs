namespace OrleansDDM.Silos.Cluster;

/// <summary>A setting is wrong. The message names it, its rule and the mend.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
