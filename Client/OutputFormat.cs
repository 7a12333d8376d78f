namespace OrleansDDM.Client;

/// <summary>How a listing is written to stdout.</summary>
public enum OutputFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>For programs.</summary>
    Json,
}
