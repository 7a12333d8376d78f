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

    private static IEnumerable<KeyValuePair<string, string>> Settings(string text) =>
        Variable().Matches(text).Select(m => KeyValuePair.Create(m.Groups[1].Value, m.Groups[2].Value.Trim('"')));

    [GeneratedRegex("""(DDM__\w+): ("[^"]*"|[^\s,}]+)""")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^  silo-gpu:\n(?:    .*\n)+", RegexOptions.Multiline)]
    private static partial Regex CardSilo();

    [GeneratedRegex(@"^  silo-\d:\n(?:    .*\n)+", RegexOptions.Multiline)]
    private static partial Regex Silo();
}
