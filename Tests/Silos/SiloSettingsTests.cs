using System.Net;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Web;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos;

public sealed class SiloSettingsTests : IDisposable
{
    private const string Connection = "Host=localhost;Database=d";

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_gives_way_to_the_environment_and_that_to_flags()
    {
        string file = _folder.File("silo.json");
        File.WriteAllText(file, """{ "Cluster": { "Connection": "Host=/file" }, "Silo": { "Slots": 2, "ThreadsPerSlot": 3, "Name": "file" } }""");
        ClusterSiloOptions options = Read(
            ["--settings", file, "--name=flag"], ("DDM__Silo__ThreadsPerSlot", "4"), ("ddm__silo__name", "environment"), ("DDM_DATA", "elsewhere"), ("PATH", "x"));
        Assert.Equal(("Host=/file", 2, 4, "flag"), (options.Connection, options.Slots, options.ThreadsPerSlot, options.Name));
    }

    [Fact]
    public void Defaults_are_loopback_free_ports_and_the_measured_failure_detection()
    {
        ClusterSiloOptions options = Read(["--cluster", Connection]);
        Assert.Equal((IPAddress.Loopback, 0, 0, WebUrl.Local), (options.Address, options.Port, options.GatewayPort, options.WebUrl));
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)), (options.Failures.ProbeTimeout, options.Failures.MaxProbeTimeout));
        Assert.Equal((null, "auto", null, null), (options.Slots, options.Device.Device, options.Device.Memory, options.Device.Gflops));
    }

    [Theory]
    [InlineData("--slots 0", "Silo:Slots is '0' (--slots); it must be a whole number in [1, 256]")]
    [InlineData("--slots many", "Silo:Slots")]
    [InlineData("--device gpu", "Silo:Device is 'gpu' (--device); it must be one of auto, cpu, cuda")]
    [InlineData("--device-memory 0", "Silo:DeviceMemory is '0' (--device-memory); it must be a number in [0.001, 4096]")]
    [InlineData("--device-gflops -1", "Silo:DeviceGflops")]
    [InlineData("--device-gflops Infinity", "Silo:DeviceGflops")]
    [InlineData("--port 65536", "[0, 65535]")]
    [InlineData("--probe-seconds 0", "Failures:ProbeSeconds")]
    [InlineData("--probe-seconds NaN", "Failures:ProbeSeconds")]
    [InlineData("--probe-seconds 5 --max-probe-seconds 4", "must not be less than Failures:ProbeSeconds")]
    [InlineData("--log-level loud", "Trace, Debug")]
    [InlineData("--log-format xml", "Silo:LogFormat is 'xml' (--log-format); it must be simple or json")]
    [InlineData("--log-level 77", "Silo:LogLevel")]
    [InlineData("--address 0.0.0.0", "Silo:Address")]
    [InlineData("--address 192.0.2.1", "Silo:AllowUnauthenticated")]
    [InlineData("--name ../x", "Silo:Name")]
    [InlineData("--web-url 8080", "Web:Url is '8080' (--web-url); it must be off, or http://ADDRESS:PORT")]
    [InlineData("--web-url https://127.0.0.1:8080", "Web:Url is 'https://127.0.0.1:8080' (--web-url); it takes a certificate: set Web:Certificate and Web:Key")]
    [InlineData("--web-url https://127.0.0.1:8080 --web-key k", "Web:Certificate is not set; it goes with Web:Key")]
    [InlineData("--web-certificate c --web-key k", "goes with an https address")]
    [InlineData("--web-url https://192.0.2.1:8443 --web-certificate c --web-key k", "Auth:Keys")]
    [InlineData("--web-url http://192.0.2.1:8443 --auth-keys k.pub", "be https with Auth:Keys")]
    [InlineData("--gateway-connections 0", "Limits:GatewayConnections")]
    [InlineData("--web-connections 0", "Limits:WebConnections")]
    [InlineData("--web-url http://example.org:80", "Web:Url")]
    [InlineData("--web-url http://127.0.0.1:80/x", "Web:Url")]
    [InlineData("--web-url http://me@127.0.0.1:80", "Web:Url")]
    [InlineData("--web-url http://0.0.0.0:8080", "Silo:AllowUnauthenticated")]
    [InlineData("--web-url http://[::]:8080", "Silo:AllowUnauthenticated")]
    [InlineData("--web-url http://192.0.2.1:8080", "Silo:AllowUnauthenticated")]
    [InlineData("--expected-silos 0", "Silo:ExpectedSilos")]
    [InlineData("--frob 1", "'--frob' is no flag")]
    [InlineData("--slots", "--slots needs a value")]
    [InlineData("--slots 1 --slots 2", "twice")]
    [InlineData("--settings nowhere.json", "nowhere.json")]
    [InlineData("folder", "'folder' is no flag")]
    public void Wrong_setting_is_named_with_its_rule(string line, string told) =>
        Assert.Contains(told, Refused(["--cluster", Connection, .. line.Split(' ')]), StringComparison.Ordinal);

    [Fact]
    public void Devices_are_told_as_they_are_set()
    {
        ClusterSiloOptions options = Read(["--cluster", Connection, "--device", "cpu", "--device-memory", "1.5", "--device-gflops", "0"]);
        Assert.Equal(("cpu", 3L << 29, 0.0), (options.Device.Device, options.Device.Memory, options.Device.Gflops));
    }

    [Theory]
    [InlineData("off", null)]
    [InlineData("http://localhost:8080", "http://127.0.0.1:8080")]
    [InlineData("http://127.0.0.1:0", "http://127.0.0.1:0")]
    [InlineData("http://[::1]:8080/", "http://[::1]:8080")]
    public void Pages_are_served_to_this_machine_or_not_at_all(string text, string? url) =>
        Assert.Equal(url, Read(["--cluster", Connection, "--web-url", text]).WebUrl?.ToString());

    [Fact]
    public void Pages_for_others_are_served_where_that_is_allowed() => Assert.Equal(
        "http://192.0.2.1:8080",
        Read(["--cluster", Connection, "--web-url", "http://192.0.2.1:8080", "--allow-unauthenticated", "true"]).WebUrl?.ToString());

    [Theory]
    [InlineData("--web-certificate c --web-key k", "c")]
    [InlineData("--tls-authority a --tls-certificate t --tls-key k", null)]
    public void Pages_by_https_with_tokens_are_served_to_others(string files, string? certificate)
    {
        ClusterSiloOptions options = Read(["--cluster", Connection, "--web-url", "https://192.0.2.1:8443", "--auth-keys", "k.pub", .. files.Split(' ')]);
        Assert.Equal(("https://192.0.2.1:8443", certificate), (options.WebUrl!.ToString(), options.WebCertificate?.Certificate));
    }

    [Fact]
    public void Loopback_is_told_to_other_machines_only_where_that_is_asked_for()
    {
        Assert.Contains("Silo:Address", Refused(["--cluster", "Host=db;Database=d"]), StringComparison.Ordinal);
        Assert.Contains("Silo:Address", Refused(["--cluster", "Host=localhost,db;Database=d"]), StringComparison.Ordinal);
        Assert.Equal(IPAddress.Loopback, Read(["--cluster", "Host=db;Database=d", "--address", "127.0.0.1"]).Address);
        Assert.Equal(IPAddress.Loopback, Read(["--cluster", "Host=127.0.0.2:5433;Database=d"]).Address);
    }

    [Fact]
    public void Missing_connection_is_told_with_all_ways_to_give_it()
    {
        string message = Refused([]);
        Assert.All(new[] { "Cluster:Connection", "--cluster", "DDM__Cluster__Connection" }, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Unknown_names_in_file_and_environment_are_refused()
    {
        string file = _folder.File("silo.json");
        File.WriteAllText(file, """{ "Silo": { "Slot": 2 } }""");
        Assert.Contains("Silo:Slot'", Refused(["--settings", file]), StringComparison.Ordinal);
        Assert.Contains("DDM__Silo__Slot ", Refused(["--cluster", Connection], ("DDM__Silo__Slot", "2")), StringComparison.Ordinal);
        Assert.Contains("environment variable DDM__Silo__Slots", Refused(["--cluster", Connection], ("DDM__Silo__Slots", "-2")), StringComparison.Ordinal);
        File.WriteAllText(file, "{");
        Assert.Contains("silo.json", Refused(["--settings", file]), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_machines_reach_a_silo_only_where_that_is_asked_for() =>
        Assert.Equal("192.0.2.1", Read(["--cluster", Connection, "--address", "192.0.2.1", "--allow-unauthenticated", "true"]).Address.ToString());

    private static string Refused(string[] args, params (string Name, string Value)[] environment) =>
        Assert.Throws<ConfigurationException>(() => Read(args, environment)).Message;

    private static ClusterSiloOptions Read(string[] args, params (string Name, string Value)[] environment) =>
        SiloSettings.Read(args, environment.Select(e => KeyValuePair.Create(e.Name, e.Value)));
}
