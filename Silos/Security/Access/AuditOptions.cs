namespace OrleansDDM.Silos.Security.Access;

/// <summary>Where the audit log is, and how much of it is kept.</summary>
public sealed record AuditOptions
{
    /// <summary>The file; null = none is kept.</summary>
    public string? Path { get; init; }

    /// <summary>The silo's name in the entries.</summary>
    public string Silo { get; init; } = string.Empty;

    /// <summary>Size at which a file is put aside.</summary>
    public long MaxBytes { get; init; } = 16L << 20;

    /// <summary>Files that are kept, the current one included; at least 1.</summary>
    public int Files { get; init; } = 4;
}
