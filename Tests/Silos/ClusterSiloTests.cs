using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

using Npgsql;

using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>Silos of a cluster in this process, with learning that needs no tensors.</summary>
public sealed class ClusterSiloTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PostgresFact]
    public async Task Two_silos_share_a_run_and_a_client_finds_them_by_the_database()
    {
        string database = await TestPostgres.InstalledAsync();
        var runtime = new FakeRuntime();
        ClusterSilo[] silos = await Task.WhenAll(StartAsync(database, runtime, "a"), StartAsync(database, runtime, "b"));
        try
        {
            IReadOnlyList<SiloRecord> members = await ClusterMembers.ReadAsync(database);
            Assert.Equal(["a Active", "b Active"], members.Select(m => m.Name + " " + m.Status));
            Assert.Equal(silos.Select(s => s.Info.Gateway), members.Select(m => m.Gateway!.ToString()));
            await using (ClusterConnection connection = await ClusterConnection.ToClusterAsync(database))
            {
                RunSpec spec = Spec("shared", experts: 4);
                IRunGrain run = connection.Client.GetGrain<IRunGrain>(GrainKeys.Run("shared"));
                await run.SubmitAsync(SpecJson.Write(spec));
                await UntilSettledAsync(run);
                RunStatus status = await run.GetStatusAsync();
                Assert.Equal((RunPhase.Ready, 5), (status.Phase, status.Models.Length));
                Assert.Equal(["run/shared"], await ClusterMembers.RunKeysAsync(database));
                Assert.Empty(await ClusterMembers.OpenRunKeysAsync(database));
            }

            // What one silo leaves behind the other one goes on with.
            RunStatus before = await silos[1].Client.GetGrain<IRunGrain>(GrainKeys.Run("shared")).GetStatusAsync();
            await silos[0].DisposeAsync();
            RunStatus after = await silos[1].Client.GetGrain<IRunGrain>(GrainKeys.Run("shared")).GetStatusAsync();
            Assert.Equal(before.Models.Select(m => m.Weights), after.Models.Select(m => m.Weights));
            Assert.Equal("Dead", (await ClusterMembers.ReadAsync(database)).Single(m => m.Name == "a").Status);
        }
        finally
        {
            await silos[0].DisposeAsync();
            await silos[1].DisposeAsync();
        }
    }

    [PostgresFact]
    public async Task A_run_without_a_client_moves_from_silo_to_silo_and_loses_nothing()
    {
        string database = await TestPostgres.InstalledAsync();
        bool released = false;
        var runtime = new FakeRuntime
        {
            BeforeStep = (_, step, stop) => step < 20 || Volatile.Read(ref released) || stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20)) & false,
        };
        RunSpec spec = Spec("lonely", experts: 2);
        ClusterSilo first = await StartAsync(database, runtime, "a");
        ClusterSilo second = await StartAsync(database, runtime, "b");
        await first.Client.GetGrain<IRunGrain>(GrainKeys.Run("lonely")).SubmitAsync(SpecJson.Write(spec));
        await UntilAsync(second, s => s.Models.Length == 3 && s.Models.All(m => m.Step == 20));

        Assert.Equal(["run/lonely"], await ClusterMembers.OpenRunKeysAsync(database));

        // Whichever of them has the run and the models: after both are gone, all of it has moved.
        await first.DisposeAsync();
        await using ClusterSilo third = await StartAsync(database, runtime, "a");
        await second.DisposeAsync();
        Volatile.Write(ref released, true);
        RunStatus end = await UntilAsync(third, s => s.Phase == RunPhase.Ready);
        Assert.Equal(
            ModelRole.Of(2).Select(role => Convert.ToHexStringLower(SHA256.HashData(FakeRuntime.ExpectedWeights(spec, role)))),
            end.Models.Select(m => m.Weights!.Sha256));
    }

    [PostgresFact]
    public async Task A_silo_that_was_killed_with_all_the_others_is_not_waited_for()
    {
        string database = await TestPostgres.InstalledAsync();
        var runtime = new FakeRuntime();
        await (await StartAsync(database, runtime, "a")).DisposeAsync();

        // Its last sign of life never gets stale, so nothing but the port at which nobody listens says that it is gone.
        await using (NpgsqlConnection connection = await ClusterDatabase.OpenAsync(database, CancellationToken.None))
        await using (var killed = new NpgsqlCommand(
            """
            INSERT INTO ClusterMember (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
            SELECT DeploymentId, Address, 1, 1, 'killed', HostName, $1, 0, now(), now() + interval '1 day' FROM ClusterMember
            """,
            connection)
        { Parameters = { new NpgsqlParameter { Value = (int)SiloStatus.Active } } })
        {
            await killed.ExecuteNonQueryAsync();
        }

        await using ClusterSilo silo = await StartAsync(database, runtime, "a").WaitAsync(Patience);
        Assert.Equal(["a Active", "killed Dead"], (await ClusterMembers.ReadAsync(database)).Select(m => m.Name + " " + m.Status));
    }

    [PostgresFact]
    public async Task Models_are_evened_out_to_a_silo_that_came_later_and_a_drained_silo_is_told_to_end()
    {
        string database = await TestPostgres.InstalledAsync();
        bool released = false;
        var runtime = new FakeRuntime
        {
            BeforeStep = (_, step, stop) => step < 20 || Volatile.Read(ref released) || stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20)) & false,
        };
        RunSpec spec = Spec("lonely", experts: 4);
        await using ClusterSilo first = await StartAsync(database, runtime, "a");
        await first.Client.GetGrain<IRunGrain>(GrainKeys.Run("lonely")).SubmitAsync(SpecJson.Write(spec));
        await UntilAsync(first, s => s.Models.Length == 5 && s.Models.All(m => m.Step == 20 && m.Silo == "a"));
        await using ClusterSilo second = await StartAsync(database, runtime, "b");
        IClusterGrain cluster = second.Client.GetGrain<IClusterGrain>(0);
        await Until.HoldsAsync(() => first.Services.GetRequiredService<SiloDirectory>().Active().Count == 2 && second.Services.GetRequiredService<SiloDirectory>().Active().Count == 2);
        ModelMove[] moves = await cluster.RebalanceAsync();
        Assert.Equal(["a b", "a b"], moves.Select(m => m.From + " " + m.To));
        RunStatus moved = await UntilAsync(second, s => s.Models.All(m => m.Phase == ModelPhase.Training && m.Step == 20) && s.Models.Count(m => m is { Silo: "b", From: 20 }) == 2);
        Assert.All(moved.Models.Where(m => m.Silo == "b"), m => Assert.Contains(moves, v => v.Role == m.Role));
        Assert.Empty(await cluster.RebalanceAsync());

        Assert.Contains("a, b", (await Assert.ThrowsAsync<SiloNotFoundException>(() => cluster.DrainAsync("c"))).Message, StringComparison.Ordinal);
        Assert.False(first.Draining.IsCompleted);
        await cluster.DrainAsync("a");
        await first.Draining.WaitAsync(Patience);
        await first.DisposeAsync();
        await UntilAsync(second, s => s.Models.All(m => m.Silo == "b" && m.Step == 20 && m.Phase == ModelPhase.Training));
        Volatile.Write(ref released, true);
        RunStatus end = await UntilAsync(second, s => s.Phase == RunPhase.Ready);
        Assert.Equal(
            ModelRole.Of(4).Select(role => Convert.ToHexStringLower(SHA256.HashData(FakeRuntime.ExpectedWeights(spec, role)))),
            end.Models.Select(m => m.Weights!.Sha256));
    }

    [PostgresFact]
    public async Task A_silo_that_the_others_took_for_dead_says_so_and_ends()
    {
        string database = await TestPostgres.InstalledAsync();
        await using ClusterSilo silo = await StartAsync(database, new FakeRuntime(), "a");
        Assert.False(silo.Failed.IsCompleted);
        silo.Services.GetRequiredService<IFatalErrorHandler>().OnFatalException(this, "I have been told I am dead.", null);
        Assert.Equal("I have been told I am dead.", await silo.Failed.WaitAsync(Patience));
    }

    [PostgresFact]
    public async Task A_run_that_cannot_be_read_keeps_no_other_from_being_woken_and_the_page_says_why()
    {
        string database = await TestPostgres.InstalledAsync();
        bool released = false;
        var runtime = new FakeRuntime { BeforeStep = (_, step, stop) => step < 20 || Volatile.Read(ref released) || stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20)) & false };
        await using (ClusterSilo first = await StartAsync(database, runtime, "a"))
        {
            await first.Client.GetGrain<IRunGrain>(GrainKeys.Run("late")).SubmitAsync(SpecJson.Write(Spec("late", experts: 1)));
            await first.Client.GetGrain<IRunGrain>(GrainKeys.Run("lonely")).SubmitAsync(SpecJson.Write(Spec("lonely", experts: 2)));
            await UntilAsync(first, s => s.Models.Length == 3 && s.Models.All(m => m.Step == 20));
        }

        await PostgresSchemaTests.ScalarAsync(
            database,
            """
            UPDATE GrainState SET PayloadBinary = convert_to(regexp_replace(convert_from(PayloadBinary, 'UTF8'), '"Version":\d+', '"Version":999'), 'UTF8')
            WHERE GrainTypeString = 'run' AND GrainIdExtensionString = 'run/late'
            """);
        Volatile.Write(ref released, true);
        await using ClusterSilo second = await StartAsync(database, runtime, "a");

        // Nobody but the silo itself calls the runs; their reminder would after a minute.
        await Until.HoldsAsync(async () => (await ClusterMembers.OpenRunKeysAsync(database)).SequenceEqual(["run/late"]), TimeSpan.FromSeconds(45));
        using var http = new HttpClient { Timeout = Patience };
        await using Stream events = await http.GetStreamAsync(new Uri(second.Info.HttpUrl + "/api/stream?run=late"));
        using var reader = new StreamReader(events);
        string told = string.Empty;
        while (!told.Contains("event: run", StringComparison.Ordinal) || !told.EndsWith("\n\n", StringComparison.Ordinal))
        {
            told += await reader.ReadLineAsync() + "\n";
        }

        Assert.Contains("\"name\":\"late\",\"phase\":\"unreadable\"", told, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"lonely\",\"phase\":\"ready\"", told, StringComparison.Ordinal);
        Assert.Contains("a newer release wrote it", told, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await http.GetAsync(new Uri(second.Info.HttpUrl + "/api/runs/late/curves"))).StatusCode);
    }

    [PostgresFact]
    public async Task Silo_and_client_on_a_database_without_schema_say_so_and_start_nothing()
    {
        string database = await TestPostgres.EmptyAsync();
        SchemaException e = await Assert.ThrowsAsync<SchemaException>(() => StartAsync(database, new FakeRuntime(), "a"));
        Assert.Contains("has no OrleansDDM schema", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SchemaException>(() => ClusterConnection.ToClusterAsync(database));
        Assert.False(Directory.Exists(_folder.File("silos")));
    }

    [PostgresFact]
    public async Task Cluster_without_silos_is_unreachable_at_once()
    {
        string database = await TestPostgres.InstalledAsync();
        ClusterUnreachableException e = await Assert.ThrowsAsync<ClusterUnreachableException>(() => ClusterConnection.ToClusterAsync(database).WaitAsync(Patience));
        Assert.Contains("no silo runs", e.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Taken_name_and_taken_port_are_told()
    {
        string database = await TestPostgres.InstalledAsync();
        using SiloNameLock taken = SiloNameLock.Take(_folder, "a");
        Assert.Contains("Silo:Name", (await Assert.ThrowsAsync<ConfigurationException>(() => StartAsync(database, new FakeRuntime(), "a"))).Message, StringComparison.Ordinal);
        using SiloNameLock first = SiloNameLock.Take(_folder, null);
        using SiloNameLock second = SiloNameLock.Take(_folder, null);
        Assert.Equal(Environment.MachineName + "-1", first.Name);
        Assert.Equal(Environment.MachineName + "-2", second.Name);
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        ClusterSiloOptions options = Options(database, "b") with { Port = port, GatewayPort = FreePorts.Two().Gateway };
        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => ClusterSilo.StartAsync(options, new FakeRuntime()));
        Assert.Contains("Silo:Port", e.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Name_of_a_silo_that_answers_is_refused_in_any_folder_and_that_of_one_that_is_gone_is_not()
    {
        string database = await TestPostgres.InstalledAsync();
        await using (ClusterSilo first = await StartAsync(database, new FakeRuntime(), "a"))
        {
            ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(
                () => ClusterSilo.StartAsync(Options(database, "a") with { Folder = _folder.File("elsewhere") }, new FakeRuntime()));
            Assert.Contains($"runs already, at {first.Info.Silo}", e.Message, StringComparison.Ordinal);

            // As its row is after kill -9: active, and nobody at the port.
            await PostgresSchemaTests.ScalarAsync(database, "INSERT INTO ClusterMember SELECT DeploymentId, Address, 1, 1, 'gone', HostName, 3, 0, NULL, now(), now() FROM ClusterMember LIMIT 1");
        }

        await using ClusterSilo again = await StartAsync(database, new FakeRuntime(), "gone");
        Assert.Equal("gone", again.Info.Name);
    }

    [Theory]
    [InlineData("127.0.0.1", "this", "127.0.0.1", 1, false)]
    [InlineData("127.0.0.1", "other", "127.0.0.1", 1, true)]
    [InlineData("10.0.0.1", "other", "127.0.0.1", 1, true)]
    [InlineData("127.0.0.1", "other", "10.0.0.2", 1, true)]
    [InlineData("10.0.0.1", "other", "10.0.0.2", 1, false)]
    [InlineData("10.0.0.1", "other", "127.0.0.1", 60, false)]
    public void Silos_that_could_not_reach_each_other_are_refused(string address, string host, string mine, int secondsAgo, bool refused)
    {
        DateTimeOffset now = DateTimeOffset.UnixEpoch;
        string name = host == "this" ? Dns.GetHostName() : host;
        var other = new SiloRecord("a", "Active", new IPEndPoint(IPAddress.Parse(address), 11111), null, name, now, now.AddSeconds(-secondsAgo));
        ClusterSiloOptions options = Options("Host=h", "b") with { Address = IPAddress.Parse(mine) };
        Exception? e = Record.Exception(() => JoinChecks.RefuseSplit(options, [other], now));
        Assert.Equal(refused, e is ConfigurationException);
    }

    private static RunSpec Spec(string name, int experts) => new()
    {
        Name = name,
        Experts = new ExpertsSpec { Count = experts },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 },
    };

    private static async Task UntilSettledAsync(IRunGrain run)
    {
        using var late = new CancellationTokenSource(Patience);
        await foreach (RunEvent e in run.WatchAsync().WithCancellation(late.Token))
        {
            Assert.NotEqual(RunEventKind.Fault, e.Kind);
        }
    }

    private static Task<RunStatus> UntilAsync(ClusterSilo silo, Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        Until.SeenAsync(() => silo.Client.GetGrain<IRunGrain>(GrainKeys.Run("lonely")).GetStatusAsync()!, holds, what: what);

    private Task<ClusterSilo> StartAsync(string database, FakeRuntime runtime, string name) => ClusterSilo.StartAsync(Options(database, name), runtime);

    private ClusterSiloOptions Options(string database, string name) => new()
    {
        Connection = database,
        Name = name,
        Folder = _folder,
        Slots = 2,
        Slice = TimeSpan.FromMilliseconds(50),
        LogLevel = LogLevel.None,
    };
}
