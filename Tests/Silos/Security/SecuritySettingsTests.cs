using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Security.Tls;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

public sealed class SecuritySettingsTests
{
    private static readonly string[] Tls = ["--tls-authority", "ca.pem", "--tls-certificate", "a.pem", "--tls-key", "a.key"];

    [Fact]
    public void Loopback_needs_nothing_and_asks_nobody()
    {
        ClusterSiloOptions options = Read([]);
        Assert.Empty(options.Security.TokenKeys);
        Assert.Null(options.Security.Tls);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    public void Other_addresses_take_tokens_for_clients_and_certificates_for_silos(bool keys, bool tls, bool allowed)
    {
        string[] args = ["--address", "192.0.2.1", .. keys ? new[] { "--auth-keys", "k.pub" } : [], .. tls ? Tls : []];
        if (allowed)
        {
            Assert.Equal(new TlsFiles("ca.pem", "a.pem", "a.key"), Read(args).Security.Tls);
        }
        else
        {
            string message = Assert.Throws<ConfigurationException>(() => Read(args)).Message;
            Assert.All(new[] { "Auth:Keys", "Tls:Authority", "Silo:AllowUnauthenticated" }, name => Assert.Contains(name, message, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("--tls-key a.key", "Tls:Authority is not set; it goes with Tls:Certificate and Tls:Key")]
    [InlineData("--tls-authority ca.pem --tls-certificate a.pem", "Tls:Key is not set")]
    [InlineData("--auth-skew-seconds 301", "[0, 300]")]
    [InlineData("--calls-per-second 0", "Limits:CallsPerSecond")]
    [InlineData("--transfers-in-flight -1", "Limits:TransfersInFlight")]
    [InlineData("--queue-length 1", "Limits:QueueLength")]
    [InlineData("--audit-megabytes 0", "Audit:MegaBytes")]
    public void Wrong_setting_is_named_with_its_rule(string line, string told) =>
        Assert.Contains(told, Assert.Throws<ConfigurationException>(() => Read(line.Split(' '))).Message, StringComparison.Ordinal);

    [Fact]
    public void Token_of_a_client_in_the_environment_is_no_setting_of_a_silo_and_no_mistake() =>
        Assert.Empty(Read([], ("DDM__Auth__Token", "ddm1:x")).Security.TokenKeys);

    private static ClusterSiloOptions Read(string[] args, params (string Name, string Value)[] environment) =>
        SiloSettings.Read(["--cluster", "Host=localhost;Database=d", .. args], environment.Select(e => KeyValuePair.Create(e.Name, e.Value)));
}
