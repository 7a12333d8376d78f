using System.Net;
using System.Net.Sockets;

using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

public sealed class ClusterConnectionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task Client_that_read_a_dead_gateway_reads_them_again()
    {
        string database = await TestPostgres.InstalledAsync();
        var options = new ClusterSiloOptions { Connection = database, Name = "a", Folder = _folder, Slots = 1, LogLevel = LogLevel.None };
        await using ClusterSilo silo = await ClusterSilo.StartAsync(options, new FakeRuntime());
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();

        // The port is open and nobody answers, as where a silo has just been killed; the database knows better once the client has spoken to it.
        object? port = await PostgresSchemaTests.ScalarAsync(database, "SELECT ProxyPort FROM ClusterMember");
        await PostgresSchemaTests.ScalarAsync(database, $"UPDATE ClusterMember SET ProxyPort = {((IPEndPoint)mute.LocalEndpoint).Port}");
        Task<ClusterConnection> connecting = ClusterConnection.ToClusterAsync(database);
        await SpokenToAsync(mute).WaitAsync(Patience);
        await PostgresSchemaTests.ScalarAsync(database, $"UPDATE ClusterMember SET ProxyPort = {port}");

        await using ClusterConnection connection = await connecting.WaitAsync(Patience);
        Assert.Equal(RunPhase.None, (await connection.Client.GetGrain<IRunGrain>(GrainKeys.Run("none")).GetStatusAsync()).Phase);
    }

    // A connection that says nothing only looks whether the port is open.
    private static async Task SpokenToAsync(TcpListener listener)
    {
        var spoken = new TaskCompletionSource();
        _ = AcceptAsync();
        await spoken.Task;

        async Task AcceptAsync()
        {
            while (true)
            {
                _ = ReadAsync(await listener.AcceptTcpClientAsync());
            }
        }

        async Task ReadAsync(TcpClient client)
        {
            if (await client.GetStream().ReadAsync(new byte[1]) > 0)
            {
                spoken.TrySetResult();
            }
        }
    }
}
