using System.Text.RegularExpressions;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>What can be known of the compose file without an engine.</summary>
public sealed partial class ComposeTests
{
    [Fact]
    public void Every_silo_has_settings_that_a_silo_accepts_and_an_address_of_its_own()
    {
        string text = File.ReadAllText(Repository.FullPath("docker-compose.yml"));
        KeyValuePair<string, string>[] shared = [.. Settings(text[..text.IndexOf("services:", StringComparison.Ordinal)])];
        string[] silos = [.. Silo().Matches(text).Select(m => m.Value)];
        ClusterSiloOptions[] options = [.. silos.Select(s => SiloSettings.Read([], shared.Concat(Settings(s))))];
        Assert.Equal(["silo-1", "silo-2", "silo-3"], options.Select(o => o.Name));
        Assert.All(options.Zip(silos), o => Assert.Contains("ipv4_address: " + o.First.Address, o.Second, StringComparison.Ordinal));
        Assert.Equal(3, options.Select(o => o.Address).Distinct().Count());
        Assert.All(options, o => Assert.Equal(("/ddm", 3), (o.Folder, o.ExpectedSilos)));

        // Prometheus asks where they serve.
        Assert.All(options, o => Assert.Equal(o.Address, o.WebUrl!.Address));
        Assert.All(options, o => Assert.Contains($"\"{o.WebUrl!.ToString()["http://".Length..]}\"", text[text.IndexOf("targets:", StringComparison.Ordinal)..], StringComparison.Ordinal));
    }

    [Fact]
    public void The_silo_of_the_gpu_profile_has_a_card_and_an_address_of_its_own()
    {
        string text = File.ReadAllText(Repository.FullPath("docker-compose.yml"));
        string silo = CardSilo().Match(text).Value;
        KeyValuePair<string, string>[] shared = [.. Settings(text[..text.IndexOf("services:", StringComparison.Ordinal)])];
        ClusterSiloOptions options = SiloSettings.Read([], shared.Concat(Settings(silo)));
        Assert.Equal(("silo-gpu", "cuda"), (options.Name, options.Device.Device));
        Assert.Contains("ipv4_address: " + options.Address, silo, StringComparison.Ordinal);
        Assert.DoesNotContain(options.Address.ToString(), text.Replace(silo, string.Empty, StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("TORCH_BACKEND: cuda", silo, StringComparison.Ordinal);
        Assert.Contains("capabilities: [ gpu ]", silo, StringComparison.Ordinal);

        // The image understands the argument.
        string image = File.ReadAllText(Repository.FullPath("Dockerfile"));
        Assert.Contains("ARG TORCH_BACKEND=cpu\n", image, StringComparison.Ordinal);
        Assert.Contains("-p:TorchBackend=$TORCH_BACKEND ", image, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_waits_for_a_server_that_can_be_reached_and_is_tried_again()
    {
        string text = File.ReadAllText(Repository.FullPath("docker-compose.yml"));
        Assert.Contains("""test: [ "CMD", "pg_isready", "-h", "127.0.0.1", "-U", "ddm" ]""", Service(text, "postgres"), StringComparison.Ordinal);
        Assert.Contains("restart: on-failure\n", Service(text, "schema"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_published_is_also_in_a_network_that_is_not_internal()
    {
        string text = File.ReadAllText(Repository.FullPath("docker-compose.yml"));
        string prometheus = Service(text, "prometheus");
        Assert.Contains("""ports: [ "127.0.0.1:9090:9090" ]""", prometheus, StringComparison.Ordinal);
        Assert.Contains("networks: { ddm: {}, outside: {} }", prometheus, StringComparison.Ordinal);
        Assert.Contains("\n  outside: {}\n", text, StringComparison.Ordinal);
        Assert.Contains("\n  ddm:\n    internal: true\n", text, StringComparison.Ordinal);

        // Nothing else leaves the silos' network.
        Assert.Equal(2, text.Split("outside: {} }").Length);
        Assert.Equal(2, text.Split("ports:").Length);
    }

    [Fact]
    public void What_the_client_writes_stays_after_its_container()
    {
        string text = File.ReadAllText(Repository.FullPath("docker-compose.yml"));
        Assert.Contains("""volumes: [ "results:/ddm" ]""", Service(text, "client"), StringComparison.Ordinal);
        Assert.Contains("\n  results:\n", text[text.IndexOf("\nvolumes:", StringComparison.Ordinal)..], StringComparison.Ordinal);

        // It writes where it works, and may.
        Assert.Contains("chown $APP_UID /ddm\nUSER $APP_UID\nWORKDIR /ddm\n", File.ReadAllText(Repository.FullPath("Dockerfile")), StringComparison.Ordinal);
    }

    private static string Service(string text, string name) => Regex.Match(text, $@"^  {name}:\n(?:    .*\n)+", RegexOptions.Multiline).Value;

    private static IEnumerable<KeyValuePair<string, string>> Settings(string text) =>
        Variable().Matches(text).Select(m => KeyValuePair.Create(m.Groups[1].Value, m.Groups[2].Value.Trim('"')));

    [GeneratedRegex("""(DDM__\w+): ("[^"]*"|[^\s,}]+)""")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^  silo-gpu:\n(?:    .*\n)+", RegexOptions.Multiline)]
    private static partial Regex CardSilo();

    [GeneratedRegex(@"^  silo-\d:\n(?:    .*\n)+", RegexOptions.Multiline)]
    private static partial Regex Silo();
}
