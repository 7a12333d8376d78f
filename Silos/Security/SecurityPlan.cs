using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Tls;

namespace OrleansDDM.Silos.Security;

/// <summary>How a silo is guarded. The default is that of loopback: nobody is asked who he is, nothing is encrypted, methods for silos stay closed.</summary>
public sealed record SecurityPlan
{
    /// <summary>Files with the public keys of tokens; none = nobody is asked who he is.</summary>
    public IReadOnlyList<string> TokenKeys { get; init; } = [];

    /// <summary>How far clocks may differ, 0 to 300 s.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Certificates for all connections; null = plain.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>What one caller may ask for.</summary>
    public CallerLimitOptions Limits { get; init; } = new();

    /// <summary>Longest queue before one grain, in calls; more are refused.</summary>
    public int QueueLength { get; init; } = 10_000;

    /// <summary>The audit log; by default none is kept.</summary>
    public AuditOptions Audit { get; init; } = new();
}
