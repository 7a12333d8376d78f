namespace OrleansDDM.Silos.Storage;

/// <summary>A database has no schema of OrleansDDM, an old one, or a newer one than this program knows.</summary>
public sealed class SchemaException(string message, Exception? inner = null) : Exception(message, inner);
