using System.Net;
using System.Net.Sockets;

using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos.Cluster;

public sealed class JoinChecksTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, true)]
    [InlineData(3600, false)]
    public async Task Who_listens_where_a_silo_was_long_ago_keeps_none_from_joining(int secondsAgo, bool refused)
    {
        using var authority = CertificateAuthority.Create(_folder.File("pki"), TimeProvider.System);
        using var port = new TcpListener(IPAddress.Loopback, 0);
        using var stop = new CancellationTokenSource();
        port.Start();
        Task stranger = GreetAsync(port, stop.Token);
        DateTimeOffset seen = DateTimeOffset.UtcNow.AddSeconds(-secondsAgo);
        var row = new SiloRecord("gone", "Active", (IPEndPoint)port.LocalEndpoint, null, Dns.GetHostName(), seen, seen);
        var options = new ClusterSiloOptions { Connection = "Host=h", Folder = _folder, Security = new SecurityPlan { Tls = authority.AddSilo("127.0.0.1") } };

        Exception? fault = await Record.ExceptionAsync(() => JoinChecks.RequireTrustAsync(options, [row], DateTimeOffset.UtcNow, TimeProvider.System, CancellationToken.None));

        Assert.Equal(refused, fault is SecurityException);
        Assert.Equal(refused, fault is not null);
        await stop.CancelAsync();
        await stranger.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [PostgresFact]
    public async Task A_clock_that_is_wrong_makes_no_silo_pass_over_the_others()
    {
        string database = await TestPostgres.InstalledAsync();
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();

        // This machine is an hour ahead of the database and of the silo that runs.
        await PostgresSchemaTests.ScalarAsync(
            database,
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$");
        await PostgresSchemaTests.ScalarAsync(
            database,
            $"""
            INSERT INTO ClusterVersion (DeploymentId) VALUES ('ddm');
            INSERT INTO ClusterMember SELECT 'ddm', '127.0.0.1', {((IPEndPoint)port.LocalEndpoint).Port}, 1, 'twin', '{Dns.GetHostName()}', 3, 0, NULL, t, t
            FROM (SELECT public.clock_timestamp() AS t) AS seen
            """);
        var options = new ClusterSiloOptions { Connection = database + ";Search Path=public,pg_catalog", Folder = _folder, Name = "twin", LogLevel = LogLevel.None };

        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => ClusterSilo.StartAsync(options, new FakeRuntime()));

        Assert.Contains("A silo 'twin' of this cluster runs already", e.Message, StringComparison.Ordinal);
    }

    // A service that speaks first, and no TLS.
    private static async Task GreetAsync(TcpListener port, CancellationToken stop)
    {
        while (true)
        {
            using Socket caller = await port.AcceptSocketAsync(stop);
            await caller.SendAsync("220 mail.example ready\r\n"u8.ToArray(), stop);
        }
    }
}
