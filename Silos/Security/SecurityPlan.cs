using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Security.Tokens;

namespace OrleansDDM.Silos.Security;

/// <summary>How a silo is guarded. The default is that of loopback: nobody is asked who he is, nothing is encrypted, methods for silos stay closed.</summary>
public sealed record SecurityPlan
{
    /// <summary>Files with the public keys of tokens; none = nobody is asked who he is.</summary>
    public IReadOnlyList<string> TokenKeys { get; init; } = [];

    /// <summary>How far clocks may differ, 0 to 300 s.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tokens that hold no more.</summary>
    public TokenRevocations Revocations { get; init; } = new();

    /// <summary>Certificates for all connections; null = plain.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>What one caller may ask for.</summary>
    public CallerLimitOptions Limits { get; init; } = new();

    /// <summary>Connections of clients at a time, at least 1; more are closed.</summary>
    public int GatewayConnections { get; init; } = 1000;

    /// <summary>Longest queue before one grain, in calls; more are refused.</summary>
    public int QueueLength { get; init; } = 10_000;

    /// <summary>The audit log; by default none is kept.</summary>
    public AuditOptions Audit { get; init; } = new();
}
