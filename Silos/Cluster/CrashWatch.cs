using System.Net;
using System.Net.Sockets;

using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using Orleans.Configuration;
using Orleans.Runtime;

namespace OrleansDDM.Silos.Cluster;

/// <summary>
/// Notices at once that another silo's process is gone. When a connection to a silo ends, it asks the silo's port: where its host answers that
/// nobody listens there, again and again, the process has ended, and the silo is declared dead without waiting for probes. A host that
/// does not answer at all proves nothing, and is left to the probes. Before it joins, the silo asks the ports of all that should be active:
/// so a cluster that was killed as a whole need not wait until what its silos left in the table is stale.
/// </summary>
internal sealed partial class CrashWatch(IServiceProvider services, TimeProvider clock, ILogger<CrashWatch> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private const int Refusals = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestKnock = TimeSpan.FromSeconds(1);

    // A process that is being killed loses its connections before it loses its port.
    private static readonly TimeSpan[] Looks = [TimeSpan.Zero, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(1)];
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(5);

    /// <summary>Watches the connections between this silo and others: two silos share one, whichever of them opened it.</summary>
    public void Apply(SiloConnectionOptions options)
    {
        options.ConfigureSiloOutboundConnection(builder => builder.Use(Outbound));
        options.ConfigureSiloInboundConnection(builder => builder.Use(Inbound));
    }

    /// <summary>Looks at the silo that this one had called.</summary>
    internal ConnectionDelegate Outbound(ConnectionDelegate next) => async connection =>
    {
        EndPoint? silo = connection.RemoteEndPoint;
        try
        {
            await next(connection);
        }
        finally
        {
            if (silo is IPEndPoint endpoint)
            {
                _ = Task.Run(() => LookAgainAsync(endpoint), CancellationToken.None);
            }
        }
    };

    /// <summary>Looks at all silos, as a caller's port does not tell which silo it is; but not for each that only knocked, as this watch does itself.</summary>
    internal ConnectionDelegate Inbound(ConnectionDelegate next) => async connection =>
    {
        long began = clock.GetTimestamp();
        try
        {
            await next(connection);
        }
        finally
        {
            if (clock.GetElapsedTime(began) >= LongestKnock)
            {
                _ = Task.Run(() => Task.WhenAll(Active().Select(m => LookAgainAsync(m.SiloAddress.Endpoint))), CancellationToken.None);
            }
        }
    };

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(CrashWatch), ServiceLifecycleStage.ValidateInitialConnectivity - 1, LookAtAllAsync);

    // Orleans then asks all that it believes to be active, and does not join before each of them has answered or is stale.
    private async Task LookAtAllAsync(CancellationToken cancellation)
    {
        IClusterMembershipService membership = services.GetRequiredService<IClusterMembershipService>();
        await membership.Refresh();
        SiloAddress?[] looks = await Task.WhenAll(Active().Select(m => LookAsync(m.SiloAddress.Endpoint))).WaitAsync(cancellation);
        HashSet<SiloAddress> gone = [.. looks.OfType<SiloAddress>()];

        // A declaration is queued, not yet written.
        long began = clock.GetTimestamp();
        while (Active().Any(m => gone.Contains(m.SiloAddress)) && clock.GetElapsedTime(began) < WriteLimit)
        {
            await Task.Delay(Pause, clock, cancellation);
            await membership.Refresh();
        }
    }

    private IEnumerable<ClusterMember> Active() =>
        services.GetRequiredService<IClusterMembershipService>().CurrentSnapshot.Members.Values.Where(m => m.Status == SiloStatus.Active);

    /// <summary>Whether an active silo's host says, several times, that nobody listens at the port.</summary>
    internal static async Task<bool> IsRefusedAsync(IPEndPoint endpoint, Func<bool> wanted)
    {
        for (int i = 0; i < Refusals; i++)
        {
            if (!wanted())
            {
                return false;
            }

            using var late = new CancellationTokenSource(AnswerLimit);
            using var probe = new TcpClient(endpoint.AddressFamily);
            try
            {
                await probe.ConnectAsync(endpoint, late.Token);
                return false;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                await Task.Delay(Pause, CancellationToken.None);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                return false;
            }
        }

        return wanted();
    }

    private async Task LookAgainAsync(IPEndPoint endpoint)
    {
        foreach (TimeSpan pause in Looks)
        {
            await Task.Delay(pause, clock, CancellationToken.None);
            if (await LookAsync(endpoint) is not null)
            {
                return;
            }
        }
    }

    /// <summary>Returns the silo that it declared dead, if it did.</summary>
    private async Task<SiloAddress?> LookAsync(IPEndPoint endpoint)
    {
        try
        {
            // Asked for late: the membership service itself needs connections.
            IClusterMembershipService membership = services.GetRequiredService<IClusterMembershipService>();
            SiloAddress self = services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
            ClusterMember? silo = Find();
            if (silo is not null && !silo.SiloAddress.Equals(self) && await IsRefusedAsync(endpoint, () => Find()?.SiloAddress.Equals(silo.SiloAddress) ?? false))
            {
                LogGone(silo.Name, endpoint);
                await membership.TryKill(silo.SiloAddress);
                return silo.SiloAddress;
            }

            ClusterMember? Find() => Active().Where(m => m.SiloAddress.Endpoint.Equals(endpoint)).MaxBy(m => m.SiloAddress.Generation);
        }
        catch (Exception e)
        {
            // This silo ends, or the database is away; the probes notice it as well.
            LogNotDeclared(endpoint, e.Message);
        }

        return null;
    }

    [LoggerMessage(EventId = 2102, Level = LogLevel.Information, Message = "Nobody listens at {Endpoint} any more: silo {Name} is declared dead")]
    private partial void LogGone(string name, IPEndPoint endpoint);

    [LoggerMessage(EventId = 2103, Level = LogLevel.Information, Message = "The silo at {Endpoint} could not be declared dead: {Reason}")]
    private partial void LogNotDeclared(IPEndPoint endpoint, string reason);
}
