using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

using Npgsql;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>The client against silos that are processes of their own, on a throw-away PostgreSQL.</summary>
public sealed partial class ClusterTests : IAsyncLifetime
{
    private static readonly string[] Run = [.. TinyRun.Short("training.steps=1200", "training.checkpointSeconds=0.2")];

    private readonly Grains.RunFolder _folder = new();
    private readonly PacedSilos _paced;

    public ClusterTests() => _paced = new PacedSilos(_folder, "silo-1", "silo-2", "silo-3");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await DdmProcess.RunAsync(_folder, "cluster", "down");
        _folder.Dispose();
    }

    [PostgresFact]
    public async Task A_run_outlives_its_client_and_silos_that_are_killed_and_ends_bit_identical()
    {
        Task<DdmResult> undisturbed = DdmProcess.ExpectAsync(0, _folder, Run);
        JsonElement up = (await UpAsync(3)).Json;
        string cluster = up.GetProperty("connectionString").GetString()!;
        Dictionary<string, int> silos = up.GetProperty("silos").EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!, s => s.GetProperty("processId").GetInt32());
        Assert.Equal(3, silos.Count);
        JsonElement status = (await DdmProcess.ExpectAsync(0, _folder, "cluster", "status", "--format", "json")).Json;
        Assert.Equal(
            silos.Select(s => (s.Key, s.Value, "active")),
            status.GetProperty("silos").EnumerateArray().Select(s => (s.GetProperty("name").GetString()!, s.GetProperty("processId").GetInt32(), s.GetProperty("status").GetString()!)));
        Assert.All(status.GetProperty("silos").EnumerateArray().Select(s => s.GetProperty("devices")), device =>
        {
            Assert.Equal(("cpu", 2, 0), (device.GetProperty("kind").GetString(), device.GetProperty("slots").GetInt32(), device.GetProperty("slotsInUse").GetInt32()));
            Assert.All((string[])["count", "cores", "gflops", "memoryBytes", "freeMemoryBytes"], name => Assert.True(device.GetProperty(name).GetDouble() > 0, name));
        });
        Assert.Contains("already", (await DdmProcess.ExpectAsync(3, _folder, "cluster", "up")).Error, StringComparison.Ordinal);

        using (DdmProcess client = DdmProcess.Start(_folder, TinyRun.On(cluster, Run)))
        {
            Assert.True(await client.UntilAsync(() => CrashTests.Checkpoints(_folder.File("ddm-cluster")) >= 2));
            using DdmProcess watcher = DdmProcess.Start(_folder, "watch", "--cluster", cluster, "--run", "shapes", "--format", "json");
            await client.SignalAsync("INT");
            Assert.Contains("goes on without this client", (await client.EndAsync(130)).Error, StringComparison.Ordinal);
            await watcher.KillAsync();
        }

        string password = new NpgsqlConnectionStringBuilder(cluster).Password!;
        Assert.All(silos.Values, id => Assert.DoesNotContain(password, File.ReadAllText($"/proc/{id}/cmdline"), StringComparison.Ordinal));
        RunStatus before = await TrainingAsync(cluster, s => s.Models.All(m => m.Checkpoints.Length > 0));
        string survivor = before.Models.GroupBy(m => m.Silo!).MaxBy(g => g.Count())!.Key;
        foreach (string victim in silos.Keys.Where(s => s != survivor))
        {
            await TrainingAsync(cluster, _ => true);

            // Two copies outlast one silo: what the one before held as well is to be made up for first.
            await Until.HoldsAsync(() => IsReplicatedAsync(cluster));
            Process.GetProcessById(silos[victim]).Kill();
            await Until.HoldsAsync(async () => (await ClusterMembers.ReadAsync(cluster)).Single(m => m.Name == victim).Status == "Dead");
        }

        // Only one silo is left, so whatever was on the others has gone on under a higher term, and the rest was left alone.
        // A model shows its last state until it has a slot and a term there.
        RunStatus after = await TrainingAsync(cluster, s => before.Models.Zip(s.Models).All(m => m.Second.Silo == survivor
            && (m.First.Silo == survivor || (m.Second.Term > m.First.Term && m.Second.From >= m.First.Checkpoints[^1].Step))));
        Assert.True(after.Term > before.Term || before.Silo == survivor);
        Assert.All(
            before.Models.Zip(after.Models).Where(m => m.First.Silo == survivor),
            m => Assert.Equal((m.First.Role, m.First.Term), (m.Second.Role, m.Second.Term)));
        _paced.Pace(0);
        await DdmProcess.ExpectAsync(0, _folder, "watch", "--cluster", cluster, "--run", "shapes");
        status = (await DdmProcess.ExpectAsync(0, _folder, "status", "--cluster", cluster, "--run", "shapes", "--format", "json")).Json;
        Assert.Equal(0, status.GetProperty("underReplicated").GetArrayLength());
        Assert.Equal("ready", status.GetProperty("phase").GetString());
        await undisturbed;
        Assert.Equal(Weights(JsonDocument.Parse(File.ReadAllText(_folder.File("runs/shapes/status.json"))).RootElement), Weights(status.GetProperty("status")));

        // The other verbs, on what is left of the cluster.
        Assert.Contains("different spec", (await DdmProcess.ExpectAsync(3, _folder, [.. TinyRun.On(cluster, Run), "--seed", "5"])).Error, StringComparison.Ordinal);
        JsonElement runs = (await DdmProcess.ExpectAsync(0, _folder, "runs", "--cluster", cluster, "--format", "json")).Json;
        Assert.Equal(["shapes ready"], runs.EnumerateArray().Select(r => r.GetProperty("name").GetString() + " " + r.GetProperty("phase").GetString()));
        await DdmProcess.ExpectAsync(0, _folder, "sample", "--cluster", cluster, "--run", "shapes", "--count", "4");
        Assert.True(File.Exists(_folder.File("samples.png")));
        await PullAsync(cluster);
        await EvaluateAsync(cluster);
        await DdmProcess.ExpectAsync(0, _folder, "resume", "shapes", "--cluster", cluster);
        await DdmProcess.ExpectAsync(0, _folder, "stop", "--cluster", cluster, "--run", "shapes");

        // What a silo had handed on when it was killed, and no state refers to, is the collector's.
        HashSet<string> referred = [.. Sha256().Matches(status.GetProperty("status").GetProperty("models").GetRawText()).Select(m => m.Value)];
        Assert.Subset(Artifacts(survivor), referred);
        await DdmProcess.ExpectAsync(0, _folder, "runs", "rm", "shapes", "--cluster", cluster);
        Assert.Empty((await DdmProcess.ExpectAsync(0, _folder, "runs", "--cluster", cluster, "--format", "json")).Json.EnumerateArray());
        Assert.DoesNotContain(Artifacts(survivor), referred.Contains);
        Assert.Contains("no run 'shapes'", (await DdmProcess.ExpectAsync(3, _folder, "runs", "rm", "shapes", "--cluster", cluster)).Error, StringComparison.Ordinal);
        Assert.Contains("no run 'nothing'", (await DdmProcess.ExpectAsync(3, _folder, "status", "--cluster", cluster, "--run", "nothing")).Error, StringComparison.Ordinal);

        Assert.All(Directory.EnumerateFiles(_folder.File("ddm-cluster/logs")), log => Assert.DoesNotContain(password, File.ReadAllText(log), StringComparison.Ordinal));
        Assert.Contains("1 of 3", (await DdmProcess.ExpectAsync(1, _folder, "cluster", "status")).Error, StringComparison.Ordinal);
        Assert.Single((await DdmProcess.ExpectAsync(0, _folder, "cluster", "status", "--expect", "1")).Output.Split('\n'), line => line.Contains(" of 2 slots in use", StringComparison.Ordinal));
        await DdmProcess.ExpectAsync(0, _folder, "cluster", "down");
        Assert.False(File.Exists(_folder.File("ddm-cluster/cluster.json")));
        DdmResult gone = await DdmProcess.ExpectAsync(4, _folder, "status", "--cluster", cluster, "--run", "shapes");
        Assert.Contains("cannot be reached", gone.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(gone);
    }

    [PostgresFact]
    public async Task A_silo_that_is_drained_hands_over_and_a_cluster_that_died_as_a_whole_goes_on_with_its_database()
    {
        Task<DdmResult> undisturbed = DdmProcess.ExpectAsync(0, _folder, Run);
        JsonElement up = (await UpAsync(2)).Json;
        string cluster = up.GetProperty("connectionString").GetString()!;
        int[] processes = [.. up.GetProperty("silos").EnumerateArray().Select(s => s.GetProperty("processId").GetInt32())];
        using (DdmProcess client = DdmProcess.Start(_folder, TinyRun.On(cluster, Run)))
        {
            await TrainingAsync(cluster, s => s.Models.All(m => m.Step > 20));
            await client.KillAsync();
        }

        Assert.Contains("silo-1, silo-2", (await DdmProcess.ExpectAsync(3, _folder, "cluster", "drain", "silo-9")).Error, StringComparison.Ordinal);
        RunStatus before = await TrainingAsync(cluster, s => s.Models.All(m => m.Phase == ModelPhase.Training));
        Assert.Contains("has left", (await DdmProcess.ExpectAsync(0, _folder, "cluster", "drain", "silo-1")).Output, StringComparison.Ordinal);
        await Until.HoldsAsync(() => ProcessToken.Of(processes[0]) is null);

        // In good order: what was trained before it was told to go is not trained again.
        RunStatus drained = await TrainingAsync(cluster, s => before.Models.Zip(s.Models).All(m => m.Second is { Silo: "silo-2", Phase: ModelPhase.Training }
            && (m.First.Silo == "silo-2" || (m.Second.Term > m.First.Term && m.Second.From >= m.First.Step))));

        Process.GetProcessById(processes[1]).Kill();
        await Until.HoldsAsync(() => ProcessToken.Of(processes[1]) is null);
        Assert.Equal(cluster, (await UpAsync(2)).Json.GetProperty("connectionString").GetString());
        await TrainingAsync(cluster, s => drained.Models.Zip(s.Models).All(m =>
            m.Second.Phase == ModelPhase.Training && m.Second.Term > m.First.Term && m.Second.From >= m.First.Checkpoints[^1].Step));
        _paced.Pace(0);

        // The cluster named by the environment.
        await DdmProcess.ExpectAsync(0, _folder, [KeyValuePair.Create("DDM__Cluster__Connection", cluster)], "watch", "--run", "shapes");
        JsonElement status = (await DdmProcess.ExpectAsync(0, _folder, "status", "--cluster", cluster, "--run", "shapes", "--format", "json")).Json;
        await undisturbed;
        Assert.Equal(Weights(JsonDocument.Parse(File.ReadAllText(_folder.File("runs/shapes/status.json"))).RootElement), Weights(status.GetProperty("status")));

        // What is given up is gone, so that the folder can be used again.
        await DdmProcess.ExpectAsync(0, _folder, "cluster", "down");
        Assert.False(Directory.Exists(_folder.File("ddm-cluster/silo-1")));
    }

    [PostgresFact]
    public async Task The_password_may_stand_in_a_file()
    {
        string database = await TestPostgres.InstalledAsync();
        var builder = new NpgsqlConnectionStringBuilder(database);
        string file = _folder.File("pgpass");
        await File.WriteAllTextAsync(file, $"*:*:*:{builder.Username}:{builder.Password}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        builder.Password = null;
        await DdmProcess.ExpectAsync(0, _folder, [KeyValuePair.Create("PGPASSFILE", file)], "db", "check", "--cluster", builder.ConnectionString);
        await DdmProcess.ExpectAsync(4, _folder, "db", "check", "--cluster", builder.ConnectionString);
    }

    [PostgresFact]
    public async Task A_database_is_prepared_and_checked_and_nobody_works_without_its_schema()
    {
        string database = await TestPostgres.EmptyAsync();
        DdmResult check = await DdmProcess.ExpectAsync(3, _folder, "db", "check", "--cluster", database, "--format", "json");
        Assert.Equal(Enumerable.Repeat("missing", 5), check.Json.EnumerateArray().Select(f => f.GetProperty("condition").GetString()!));
        foreach (string line in (string[])["train", "runs", "cluster up", "status --run r"])
        {
            DdmResult refused = await DdmProcess.ExpectAsync(3, _folder, [.. line.Split(' '), "--cluster", database]);
            Assert.Contains("ddm db init", refused.Error, StringComparison.Ordinal);
            CommandLineTests.AssertNoStack(refused);
        }

        using (DdmProcess silo = DdmProcess.StartSilo(_folder, "--cluster", database))
        {
            DdmResult refused = await silo.EndAsync(3);
            Assert.Contains("has no OrleansDDM schema", refused.Error, StringComparison.Ordinal);
            CommandLineTests.AssertNoStack(refused);
            Assert.Empty(refused.Output);
        }

        await DdmProcess.ExpectAsync(0, _folder, "db", "init", "--cluster", database);
        await DdmProcess.ExpectAsync(0, _folder, "db", "check", "--cluster", database);
        DdmResult alone = await DdmProcess.ExpectAsync(4, _folder, "train", "--cluster", database);
        Assert.Contains("no silo runs", alone.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(3, "db check --cluster a=b=c", "--cluster")]
    [InlineData(4, "db init --cluster Host=127.0.0.1;Port=1", "cannot be reached")]
    [InlineData(3, "train --cluster Host=127.0.0.1;Port=1 --slots 2", "--slots")]
    [InlineData(3, "resume r --cluster Host=127.0.0.1;Port=1 --data-root x", "--data-root")]
    [InlineData(3, "cluster up --silos 0", "--silos")]
    [InlineData(4, "cluster status", "ddm cluster up")]
    [InlineData(2, "db check", "--cluster")]
    public async Task Mistakes_have_their_exit_codes(int code, string line, string told)
    {
        DdmResult result = await DdmProcess.ExpectAsync(code, _folder, line.Split(' '));
        Assert.Contains(told, result.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(result);
    }

    [Fact]
    public async Task A_silo_tells_its_settings_and_refuses_wrong_ones()
    {
        using DdmProcess help = DdmProcess.StartSilo(_folder, "--help");
        using DdmProcess wrong = DdmProcess.StartSilo(_folder, "--cluster", "Host=h", "--slots", "0");
        using DdmProcess away = DdmProcess.StartSilo(_folder, "--cluster", "Host=127.0.0.1;Port=1");
        Assert.Contains("DDM__Silo__Slots", (await help.EndAsync(0)).Output, StringComparison.Ordinal);
        Assert.Contains("[1, 256]", (await wrong.EndAsync(3)).Error, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", (await away.EndAsync(4)).Error, StringComparison.Ordinal);
    }

    /// <summary>The model comes over the network and gives the same picture here as there.</summary>
    private async Task PullAsync(string cluster)
    {
        JsonElement pulled = (await DdmProcess.ExpectAsync(0, _folder, "pull", "--run", "shapes", "--cluster", cluster, "--out", "m", "--format", "json")).Json;
        Assert.Equal(_folder.File("m"), pulled.GetProperty("model").GetString());
        Assert.False(Directory.Exists(_folder.File("m.pull")));
        DateTime written = File.GetLastWriteTimeUtc(_folder.File("m/manifest.json"));
        await DdmProcess.ExpectAsync(0, _folder, "pull", "--run", "shapes", "--cluster", cluster, "--out", "m");
        Assert.Equal(written, File.GetLastWriteTimeUtc(_folder.File("m/manifest.json")));
        await DdmProcess.ExpectAsync(0, _folder, "sample", "--model", "m", "--count", "4", "--out", "here.png");
        Assert.Equal(File.ReadAllBytes(_folder.File("samples.png")), File.ReadAllBytes(_folder.File("here.png")));
        Assert.Equal(File.ReadAllBytes(_folder.File("runs/shapes/model/manifest.json")), File.ReadAllBytes(_folder.File("m/manifest.json")));
    }

    /// <summary>A cluster's run is judged here as one of this machine: the same bits give the same figures.</summary>
    private async Task EvaluateAsync(string cluster)
    {
        DdmResult result = await DdmProcess.ExpectAsync(
            0, _folder, "evaluate", "--run", "shapes", "--cluster", cluster, "--rules", "full", "--samples", "0", "--out", "judged", "--format", "json");
        Assert.Contains($"is judged on this machine, in '{_folder.File("judged")}'", result.Error, StringComparison.Ordinal);
        JsonElement here = JsonDocument.Parse(File.ReadAllText(_folder.File("runs/shapes/metrics.json"))).RootElement;
        Assert.Equal(here.GetProperty("rules")[0].GetProperty("loss").GetDouble(), result.Json.GetProperty("rules")[0].GetProperty("loss").GetDouble());
        Assert.All((string[])["metrics.json", "metrics.jsonl", "report.html", "samples.png", "clusters.png", "model/manifest.json"], name => Assert.True(File.Exists(_folder.File("judged/" + name)), name));
        Assert.Equal(File.ReadAllText(_folder.File("runs/shapes/metrics.jsonl")), File.ReadAllText(_folder.File("judged/metrics.jsonl")));
        DdmResult refused = await DdmProcess.ExpectAsync(3, _folder, "evaluate", "--run", "shapes", "--cluster", cluster, "--out", "runs/shapes");
        Assert.Contains("holds a run of this machine", refused.Error, StringComparison.Ordinal);
    }

    // What the killed ones had they collect when they come back.
    private HashSet<string> Artifacts(string silo) =>
        [.. Directory.GetFiles(_folder.File($"ddm-cluster/{silo}/artifacts"), "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f))];

    [GeneratedRegex("\\b[0-9a-f]{64}\\b")]
    private static partial Regex Sha256();

    private static IEnumerable<string> Weights(JsonElement status) =>
        status.GetProperty("models").EnumerateArray().Select(m => m.GetProperty("weights").GetProperty("sha256").GetString()!);

    private Task<DdmResult> UpAsync(int silos)
    {
        // Slow enough that the run outlasts everything done to it, on a busy machine too; in the end the brake is let go.
        _paced.Pace(80);
        return DdmProcess.ExpectAsync(
            0,
            _folder,
            [KeyValuePair.Create("DDM__Faults__Folder", _paced.Faults)],
            "cluster", "up", "--silos", silos.ToString(CultureInfo.InvariantCulture), "--slots", "2", "--format", "json");
    }

    private async Task<bool> IsReplicatedAsync(string cluster)
    {
        DdmResult status = await DdmProcess.RunAsync(_folder, "status", "--cluster", cluster, "--run", "shapes", "--format", "json");
        return status.ExitCode == 0 && status.Json.GetProperty("underReplicated").GetArrayLength() == 0;
    }

    /// <summary>Waits until the run is in training and something holds of it.</summary>
    private static Task<RunStatus> TrainingAsync(string cluster, Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") => PacedSilos.SeenAsync(
        () => ClusterConnection.ToClusterAsync(cluster),
        "shapes",
        status =>
        {
            Assert.True(status.Phase is RunPhase.None or RunPhase.Preparing or RunPhase.Training, $"The run is {status.Phase} before its time: {status.Message}");
            return status.Phase == RunPhase.Training && holds(status);
        },
        what);
}
