namespace OrleansDDM.Silos.Embedding;

/// <summary>No silo answers.</summary>
public sealed class ClusterUnreachableException(string message, Exception? inner = null) : Exception(message, inner);
