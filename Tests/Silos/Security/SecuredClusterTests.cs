using System.Text.Json;

using Microsoft.Extensions.Logging;

using Npgsql;

using Orleans;
using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Security.Tls;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>Silos that ask who calls, in this process on PostgreSQL, and real clients.</summary>
public sealed class SecuredClusterTests : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly TokenKey _key = TokenKey.Generate();

    public SecuredClusterTests() => _key.Save(_folder.File("key"));

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [PostgresFact]
    public async Task Callers_may_do_what_their_role_says_and_the_audit_log_tells()
    {
        string database = await TestPostgres.InstalledAsync();
        string reader = await ReaderAsync(database);
        await using (ClusterSilo silo = await StartAsync(database, "a"))
        {
            RunSpec spec = new() { Name = "r", Experts = new ExpertsSpec { Count = 2 }, Training = new TrainingSpec { Steps = 40 } };

            await using (ClusterConnection nobody = await ClusterConnection.ToClusterAsync(reader, new ClientCredentials()))
            {
                Assert.Contains("who you are", (await DeniedAsync(() => RunOf(nobody).GetStatusAsync())).Message, StringComparison.Ordinal);
                Assert.Contains("who you are", (await DeniedAsync(() => FirstAsync(RunOf(nobody)))).Message, StringComparison.Ordinal);
            }

            await using (ClusterConnection submitter = await AsAsync(reader, Roles.Submitter))
            {
                await RunOf(submitter).SubmitAsync(SpecJson.Write(spec));
                await foreach (RunEvent _ in RunOf(submitter).WatchAsync())
                {
                    // To its end.
                }

                Assert.Equal(RunPhase.Ready, (await RunOf(submitter).GetStatusAsync()).Phase);
                Assert.Contains("not open to clients", (await DeniedAsync(() => submitter.Client.GetGrain<IExpertGrain>(GrainKeys.Model("r", "expert-0")).GetStatusAsync())).Message, StringComparison.Ordinal);
                await DeniedAsync(() => submitter.Client.GetGrain<IManagementGrain>(0).ForceGarbageCollection(null!));
            }

            await using (ClusterConnection observer = await AsAsync(reader, Roles.Observer))
            {
                Assert.Equal(RunPhase.Ready, (await RunOf(observer).GetStatusAsync()).Phase);
                Assert.Equal(["run/r"], await ClusterMembers.RunKeysAsync(reader));
                await FirstAsync(RunOf(observer));
                Assert.Contains("submitter or admin", (await DeniedAsync(() => RunOf(observer).SubmitAsync(SpecJson.Write(spec)))).Message, StringComparison.Ordinal);
                await DeniedAsync(() => RunOf(observer).StopAsync());
                await DeniedAsync(async () =>
                {
                    await foreach (SampleProgress _ in observer.Client.GetGrain<ISamplerGrain>(GrainKeys.Sample("x")).SampleAsync(new SampleRequest { Run = "r", Count = 1 }))
                    {
                        Assert.Fail("An observer was let sample.");
                    }
                });
            }

            await using (ClusterConnection admin = await AsAsync(reader, Roles.Admin))
            {
                Assert.Single(await admin.Client.GetGrain<IManagementGrain>(0).GetHosts());
                await DeniedAsync(() => RunOf(admin).ReportAsync(null!));
            }

            string late = _key.Issue(Roles.Admin, "late", TimeSpan.FromHours(1), DateTimeOffset.UtcNow.AddHours(-2));
            await using ClusterConnection over = await ClusterConnection.ToClusterAsync(reader, new ClientCredentials(late));
            Assert.Contains("ended at", (await DeniedAsync(() => RunOf(over).GetStatusAsync())).Message, StringComparison.Ordinal);
        }

        string[] audit = [.. (await File.ReadAllLinesAsync(_folder.File("audit/a.jsonl"))).Select(l => JsonDocument.Parse(l).RootElement)
            .Where(e => !e.GetProperty("what").GetString()!.EndsWith(".DisposeAsync", StringComparison.Ordinal)) // the end of a stream that never began
            .Select(e => $"{(e.TryGetProperty("caller", out JsonElement who) ? who.GetString() : "-")} {e.GetProperty("what").GetString()} {e.GetProperty("allowed").GetBoolean()}")];
        Assert.Equal(
            [
                "- IRunGrain.GetStatusAsync False", "- IRunGrain.WatchAsync False",
                "submitter IRunGrain.SubmitAsync True", "submitter IModelGrain.GetStatusAsync False", "submitter IManagementGrain.ForceGarbageCollection False",
                "observer IRunGrain.SubmitAsync False", "observer IRunGrain.StopAsync False", "observer ISamplerGrain.SampleAsync False",
                "admin IManagementGrain.GetHosts True", "admin IRunGrain.ReportAsync False",
                "- IRunGrain.GetStatusAsync False",
            ],
            audit);
    }

    [PostgresFact]
    public async Task Silos_with_certificates_of_one_authority_form_a_cluster_and_others_are_told_why_not()
    {
        string database = await TestPostgres.InstalledAsync();
        using var ours = CertificateAuthority.Create(_folder.File("ours"), TimeProvider.System);
        using var theirs = CertificateAuthority.Create(_folder.File("theirs"), TimeProvider.System);
        TlsFiles silo = ours.AddSilo("127.0.0.1"), client = ours.AddClient("ann"), foreign = theirs.AddSilo("127.0.0.1");
        await using ClusterSilo a = await StartAsync(database, "a", silo);
        await using ClusterSilo b = await StartAsync(database, "b", silo);

        // Calls between the silos: one of these grains at least is on the other.
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => a.Client.GetGrain<IRunGrain>(GrainKeys.Run("r" + i)).GetStatusAsync()));
        Assert.Equal(2, (await b.Client.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Count);

        string token = _key.Issue(Roles.Observer, "ann", TimeSpan.FromHours(1), DateTimeOffset.UtcNow);
        await using (ClusterConnection connection = await ClusterConnection.ToClusterAsync(database, new ClientCredentials(token, client)))
        {
            Assert.Equal(RunPhase.None, (await RunOf(connection).GetStatusAsync()).Phase);
        }

        // Each side says it: the one that wants in, at once and by name; the one that refuses, in its audit log.
        SecurityException e = await Assert.ThrowsAsync<SecurityException>(() => StartAsync(database, "c", foreign));
        Assert.Contains("is not signed by the authority of this cluster (Tls:Authority)", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<SecurityException>(() => ClusterConnection.ToClusterAsync(database, new ClientCredentials(token, foreign)));
        Assert.Contains("is not believed", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<SecurityException>(() => StartAsync(database, "c", client));
        Assert.Contains("refuses the certificate of this process", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await ClusterMembers.ReadAsync(database)).Count);
        await b.DisposeAsync();
        await a.DisposeAsync();
        string audit = string.Concat(Directory.EnumerateFiles(_folder.File("audit")).Select(File.ReadAllText)); // whichever of them was asked
        Assert.Contains("is a client's, and this port is for silos", audit, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Silos_and_clients_without_certificates_are_told_what_a_cluster_with_them_wants_and_the_other_way_round()
    {
        string database = await TestPostgres.InstalledAsync();
        string plainDatabase = await TestPostgres.InstalledAsync();
        using var authority = CertificateAuthority.Create(_folder.File("pki"), TimeProvider.System);
        TlsFiles files = authority.AddSilo("127.0.0.1");
        await using (ClusterSilo secured = await StartAsync(database, "a", files))
        {
            SecurityException e = await Assert.ThrowsAsync<SecurityException>(() => StartAsync(database, "b"));
            Assert.Contains("Silo 'a' of this cluster", e.Message, StringComparison.Ordinal);
            Assert.Contains("has TLS, and this one has not", e.Message, StringComparison.Ordinal);
            string token = _key.Issue(Roles.Observer, "ann", TimeSpan.FromHours(1), DateTimeOffset.UtcNow);
            e = await Assert.ThrowsAsync<SecurityException>(() => ClusterConnection.ToClusterAsync(database, new ClientCredentials(token)));
            Assert.Contains("DDM__Tls__Authority", e.Message, StringComparison.Ordinal);
            Assert.Single(await ClusterMembers.ReadAsync(database));
        }

        string[] audit = await File.ReadAllLinesAsync(_folder.File("audit/a.jsonl"));
        Assert.Contains(audit, l => l.Contains("connection to the silo port", StringComparison.Ordinal) && l.Contains("it does not speak TLS", StringComparison.Ordinal));
        Assert.Contains(audit, l => l.Contains("connection to the gateway", StringComparison.Ordinal) && l.Contains("it does not speak TLS", StringComparison.Ordinal));

        await using (ClusterSilo plain = await StartAsync(plainDatabase, "c"))
        {
            SecurityException e = await Assert.ThrowsAsync<SecurityException>(() => StartAsync(plainDatabase, "d", files));
            Assert.Contains("does not speak TLS as this process does", e.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<SecurityException>(() => ClusterConnection.ToClusterAsync(plainDatabase, new ClientCredentials(null, files)));
        }

        Assert.Contains("the greeting of TLS, which this silo does not have", await File.ReadAllTextAsync(_folder.File("audit/c.jsonl")), StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Revoked_tokens_are_refused_by_silos_that_run_and_by_those_that_start_and_later_ones_are_not()
    {
        string database = await TestPostgres.InstalledAsync();
        DateTimeOffset past = DateTimeOffset.UtcNow.AddMinutes(-10);
        string old = _key.Issue(Roles.Observer, "ann", TimeSpan.FromHours(1), past);
        string other = _key.Issue(Roles.Observer, "ben", TimeSpan.FromHours(1), past);
        await using (ClusterSilo silo = await StartAsync(database, "a"))
        {
            await using ClusterConnection ann = await ClusterConnection.ToClusterAsync(database, new ClientCredentials(old));
            Assert.Equal(RunPhase.None, (await RunOf(ann).GetStatusAsync()).Phase);
            await RevocationTable.AddAsync(database, "ann", DateTimeOffset.UtcNow.AddMinutes(-1));
            await Until.HoldsAsync(async () => await Record.ExceptionAsync(() => RunOf(ann).GetStatusAsync()) is AccessDeniedException e && e.Message.Contains("was revoked", StringComparison.Ordinal));
            await using ClusterConnection later = await ClusterConnection.ToClusterAsync(database, new ClientCredentials(_key.Issue(Roles.Observer, "ann", TimeSpan.FromHours(1), DateTimeOffset.UtcNow)));
            Assert.Equal(RunPhase.None, (await RunOf(later).GetStatusAsync()).Phase);
            await using ClusterConnection ben = await ClusterConnection.ToClusterAsync(database, new ClientCredentials(other));
            Assert.Equal(RunPhase.None, (await RunOf(ben).GetStatusAsync()).Phase);
        }

        // What was revoked while no silo ran holds from the first call on.
        await RevocationTable.AddAsync(database, TokenRevocations.Everyone, DateTimeOffset.UtcNow.AddMinutes(-5));
        await using (ClusterSilo again = await StartAsync(database, "a"))
        {
            await using ClusterConnection ben = await ClusterConnection.ToClusterAsync(database, new ClientCredentials(other));
            await DeniedAsync(() => RunOf(ben).GetStatusAsync());
        }
    }

    [PostgresFact]
    public async Task Revocations_only_grow_and_are_forgotten_when_all_they_name_has_ended()
    {
        string database = await TestPostgres.InstalledAsync();
        DateTimeOffset now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await RevocationTable.AddAsync(database, "ann", now);
        await RevocationTable.AddAsync(database, "ann", now.AddDays(-1));
        Assert.Equal([("ann", now)], (await RevocationTable.ReadAsync(database)).Select(r => (r.Key, r.Value)));
        await RevocationTable.AddAsync(database, "ben", now.AddDays(100));
        Assert.Equal(["ben"], (await RevocationTable.ReadAsync(database)).Keys);
        string reader = await ReaderAsync(database);
        Assert.Contains("TokenRevocation", (await Assert.ThrowsAsync<SchemaException>(() => RevocationTable.AddAsync(reader, "eve", now))).Message, StringComparison.Ordinal);
    }

    /// <summary>The database role of clients: as in docs/operations.md, enough for all verbs, and nothing to write with.</summary>
    private static async Task<string> ReaderAsync(string database)
    {
        var limited = new NpgsqlConnectionStringBuilder(database);
        limited.Username = limited.Database + "_client";
        limited.Password = "x";
        await using var source = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand command = source.CreateCommand(
            $"CREATE ROLE {limited.Username} LOGIN PASSWORD 'x'; GRANT SELECT ON OrleansQuery, DdmSchema, ClusterVersion, ClusterMember, GrainState TO {limited.Username}");
        await command.ExecuteNonQueryAsync();
        return limited.ConnectionString;
    }

    private static IRunGrain RunOf(ClusterConnection connection) => connection.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));

    private static Task<AccessDeniedException> DeniedAsync(Func<Task> call) => Assert.ThrowsAsync<AccessDeniedException>(call);

    private static async Task FirstAsync(IRunGrain run)
    {
        await foreach (RunEvent _ in run.WatchAsync())
        {
            return;
        }
    }

    private Task<ClusterConnection> AsAsync(string database, Roles role)
    {
        string token = _key.Issue(role, role.ToString().ToLowerInvariant(), TimeSpan.FromHours(1), DateTimeOffset.UtcNow);
        return ClusterConnection.ToClusterAsync(database, new ClientCredentials(token));
    }

    private Task<ClusterSilo> StartAsync(string database, string name, TlsFiles? tls = null) => ClusterSilo.StartAsync(
        new ClusterSiloOptions
        {
            Connection = database,
            Name = name,
            Folder = _folder,
            Slots = 2,
            Slice = TimeSpan.FromMilliseconds(50),
            LogLevel = LogLevel.None,
            Security = new SecurityPlan { TokenKeys = [_folder.File("key.pub")], Tls = tls },
        },
        new FakeRuntime());
}
