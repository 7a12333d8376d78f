using System.Net;
using System.Net.Sockets;

using Orleans.Runtime;

using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tls;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// What a silo asks of a cluster before it joins. It is silos that were seen lately that it asks, by the clock of the database: that of the joining
/// one may be wrong. Signs of life bear the time of their silo, so one whose own clock is behind by three of them is passed over.
/// </summary>
internal static class JoinChecks
{
    private const int MissedHeartbeats = 3;

    // A silo that takes longer to say whether it has TLS is not waited for: it is hung, or very busy.
    private static readonly TimeSpan PlainAnswer = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Refuses a silo that advertises loopback to other hosts, or joins silos that do: each side would take the other for dead.
    /// </summary>
    public static void RefuseSplit(ClusterSiloOptions options, IEnumerable<SiloRecord> members, DateTimeOffset now)
    {
        bool loopback = IPAddress.IsLoopback(options.Address);
        SiloRecord? other = members.FirstOrDefault(m => m.Status == nameof(SiloStatus.Active)
            && IsFresh(m, options, now)
            && (IPAddress.IsLoopback(m.Silo.Address) != loopback || (loopback && m.Host != Dns.GetHostName())));
        if (other is not null)
        {
            throw new ConfigurationException(
                $"Silo '{other.Name}' of this cluster is at {other.Silo} on host '{other.Host}', and this one would be at {options.Address}: they cannot reach each other. Set Silo:Address of both to addresses of a network that they share.");
        }
    }

    /// <summary>
    /// Refuses the name of a silo that is there and answers: of two with one name the cluster would know only one. (In one folder the lock sees to it.)
    /// </summary>
    public static async Task RequireOwnNameAsync(
        ClusterSiloOptions options, string name, IEnumerable<SiloRecord> members, DateTimeOffset now, CancellationToken cancellation)
    {
        SiloRecord? other = members.FirstOrDefault(m => m.Name == name && m.Status == nameof(SiloStatus.Active) && IsFresh(m, options, now));
        if (other is null)
        {
            return;
        }

        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(PlainAnswer);
        try
        {
            using var knock = new TcpClient(other.Silo.AddressFamily);
            await knock.ConnectAsync(other.Silo, late.Token);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return; // It was this one, in an earlier life.
        }

        throw new ConfigurationException($"A silo '{name}' of this cluster runs already, at {other.Silo} on host '{other.Host}'. Choose another Silo:Name.");
    }

    /// <summary>Asks the silos that run whether they would have this one; Orleans would try for minutes before it gave up.</summary>
    public static async Task RequireTrustAsync(
        ClusterSiloOptions options, IEnumerable<SiloRecord> members, DateTimeOffset now, TimeProvider clock, CancellationToken cancellation)
    {
        TlsIdentity? identity = options.Security.Tls is { } files ? TlsIdentity.Load(files, clock) : null;

        // At the port of one that was long not seen somebody else may listen by now.
        await Task.WhenAll(members.Where(m => m.Status == nameof(SiloStatus.Active) && IsFresh(m, options, now)).Select(async member =>
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            late.CancelAfter(identity is null ? PlainAnswer : options.Failures.MaxProbeTimeout);
            try
            {
                if (identity is not null)
                {
                    await TlsProbe.KnockAsync(member.Silo, identity, late.Token);
                }
                else if (await TlsProbe.SpeaksTlsAsync(member.Silo, late.Token))
                {
                    throw new SecurityException(
                        $"Silo '{member.Name}' of this cluster, at {member.Silo}, has TLS, and this one has not: set Tls:Authority, Tls:Certificate and Tls:Key (ddm cert add).");
                }
            }
            catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // It has died and nobody has noticed yet.
            }
        }));
    }

    private static bool IsFresh(SiloRecord member, ClusterSiloOptions options, DateTimeOffset now) => now - member.LastSeen < MissedHeartbeats * options.Failures.Heartbeat;
}
