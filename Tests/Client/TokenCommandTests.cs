using System.Text.Json;

using Microsoft.Extensions.Logging;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class TokenCommandTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Key_token_and_certificates_are_made_shown_and_refused()
    {
        await DdmProcess.ExpectAsync(0, _folder, "token", "key", "--out", "k");
        await DdmProcess.ExpectAsync(0, _folder, "token", "create", "--role", "submitter", "--for", "ann", "--hours", "2", "--key", "k", "--out", "t");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File("t")));
        JsonElement shown = (await DdmProcess.ExpectAsync(0, _folder, "token", "show", "t", "--key", "k.pub", "--format", "json")).Json;
        Assert.Equal(("ann", "submitter", true), (shown.GetProperty("name").GetString(), shown.GetProperty("role").GetString(), shown.GetProperty("holds").GetBoolean()));

        DdmResult[] wrong = await Task.WhenAll(
            DdmProcess.RunAsync(_folder, "token", "create", "--role", "king", "--for", "ann", "--key", "k"),
            DdmProcess.RunAsync(_folder, "token", "create", "--role", "admin", "--for", "ann", "--hours", "1000", "--key", "k"),
            DdmProcess.RunAsync(_folder, "token", "key", "--out", "k"));
        Assert.All(wrong, w => Assert.Equal((3, string.Empty), (w.ExitCode, w.Output)));
        await DdmProcess.ExpectAsync(0, _folder, "cert", "init", "--out", "pki", "--host", "127.0.0.1", "--client", "ann");
        Assert.Equal(
            ["ca.key", "ca.pem", "client-ann.key", "client-ann.pem", "silo-127.0.0.1.key", "silo-127.0.0.1.pem"],
            Directory.GetFiles(_folder.File("pki")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(_folder.File("pki"), "*.key"), k => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(k)));
    }

    [PostgresFact]
    public async Task Verbs_without_a_token_end_with_8_and_one_sentence()
    {
        string database = await TestPostgres.InstalledAsync();
        using Silos.Security.Keyring ring = new(_folder);
        await using ClusterSilo silo = await ClusterSilo.StartAsync(
            new ClusterSiloOptions { Connection = database, Name = "a", Folder = _folder.File("silo"), LogLevel = LogLevel.None, Security = new SecurityPlan { TokenKeys = [ring.Public] } },
            new FakeRuntime());
        DdmResult nobody = await DdmProcess.ExpectAsync(8, _folder, "status", "--cluster", database, "--run", "r");
        Assert.Equal(string.Empty, nobody.Output);
        Assert.Contains("--token FILE", Assert.Single(nobody.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);

        // With a token it is known that there is no such run.
        await DdmProcess.ExpectAsync(3, _folder, "status", "--cluster", database, "--run", "r", "--token", ring.Token(OrleansDDM.Contracts.Security.Roles.Observer));
    }

    [PostgresFact]
    public async Task Revoke_says_from_when_on_new_tokens_hold()
    {
        string database = await TestPostgres.InstalledAsync();
        JsonElement revoked = (await DdmProcess.ExpectAsync(
            0, _folder, "token", "revoke", "--for", "ann", "--cluster", database, "--skew-seconds", "90", "--format", "json")).Json;
        Assert.Equal("ann", revoked.GetProperty("name").GetString());
        DateTimeOffset upTo = revoked.GetProperty("issuedUpTo").GetDateTimeOffset();
        Assert.InRange(upTo - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(91));
        Assert.Equal(upTo, (await RevocationTable.ReadAsync(database))["ann"]);
        Assert.Contains("New ones hold", (await DdmProcess.ExpectAsync(0, _folder, "token", "revoke", "--all", "--cluster", database)).Output, StringComparison.Ordinal);
        await DdmProcess.ExpectAsync(3, _folder, "token", "revoke", "--all", "--cluster", database, "--skew-seconds", "301");
    }
}
