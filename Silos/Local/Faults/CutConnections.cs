using System.IO.Pipelines;

using Microsoft.AspNetCore.Connections;

using Orleans.Configuration;

namespace OrleansDDM.Silos.Local.Faults;

/// <summary>
/// Plays a network that drops everything between this silo and the others: bytes of both directions wait until it is healed, and go on then,
/// as TCP sends again what was lost. Clients still reach the silo, and it reaches the database.
/// </summary>
internal static class CutConnections
{
    /// <summary>Puts the switch into every connection between silos.</summary>
    public static void Apply(SiloConnectionOptions options, FaultSwitch faults)
    {
        options.ConfigureSiloInboundConnection(Add);
        options.ConfigureSiloOutboundConnection(Add);

        void Add(IConnectionBuilder builder) => builder.Use(next => async connection =>
        {
            await faults.WhenConnectedAsync(connection.ConnectionClosed);
            connection.Transport = new Wire(connection.Transport, faults, connection.ConnectionClosed);
            await next(connection);
        });
    }

    private sealed class Wire(IDuplexPipe inner, FaultSwitch faults, CancellationToken closed) : IDuplexPipe
    {
        public PipeReader Input { get; } = new CutReader(inner.Input, faults, closed);

        public PipeWriter Output { get; } = new CutWriter(inner.Output, faults, closed);
    }
}
