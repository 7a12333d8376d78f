using System.Diagnostics;
using System.Text.Json;

using OrleansDDM.Silos.Cluster;
using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>The client against silos that are processes of their own, on a throw-away PostgreSQL.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private static readonly string[] Run = [.. TinyRun.Short("training.steps=1200", "training.checkpointSeconds=0.2")];

    private readonly Grains.RunFolder _folder = new();

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
        JsonElement up = (await DdmProcess.ExpectAsync(0, _folder, "cluster", "up", "--silos", "3", "--slots", "2", "--format", "json")).Json;
        string cluster = up.GetProperty("connectionString").GetString()!;
        Dictionary<string, int> silos = up.GetProperty("silos").EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!, s => s.GetProperty("processId").GetInt32());
        Assert.Equal(3, silos.Count);
        JsonElement status = (await DdmProcess.ExpectAsync(0, _folder, "cluster", "status", "--format", "json")).Json;
        Assert.Equal(
            silos.Select(s => (s.Key, s.Value, "active")),
            status.GetProperty("silos").EnumerateArray().Select(s => (s.GetProperty("name").GetString()!, s.GetProperty("processId").GetInt32(), s.GetProperty("status").GetString()!)));
        Assert.Contains("already", (await DdmProcess.ExpectAsync(3, _folder, "cluster", "up")).Error, StringComparison.Ordinal);

        using (DdmProcess client = DdmProcess.Start(_folder, TinyRun.On(cluster, Run)))
        {
            Assert.True(await client.UntilAsync(() => CrashTests.Checkpoints(_folder.File("ddm-cluster")) >= 2));
            using DdmProcess watcher = DdmProcess.Start(_folder, "watch", "--cluster", cluster, "--run", "shapes", "--format", "json");
            await client.SignalAsync("INT");
            Assert.Contains("goes on without this client", (await client.EndAsync(130)).Error, StringComparison.Ordinal);
            await watcher.KillAsync();
        }

        foreach (string victim in (string[])["silo-1", "silo-2"])
        {
            Process.GetProcessById(silos[victim]).Kill();
            await UntilAsync(async () => (await ClusterMembers.ReadAsync(cluster)).Single(m => m.Name == victim).Status == "Dead");
        }

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
        await DdmProcess.ExpectAsync(0, _folder, "resume", "shapes", "--cluster", cluster);
        await DdmProcess.ExpectAsync(0, _folder, "stop", "--cluster", cluster, "--run", "shapes");
        Assert.NotEmpty(Artifacts());
        await DdmProcess.ExpectAsync(0, _folder, "runs", "rm", "shapes", "--cluster", cluster);
        Assert.Empty((await DdmProcess.ExpectAsync(0, _folder, "runs", "--cluster", cluster, "--format", "json")).Json.EnumerateArray());
        Assert.Empty(Artifacts());
        Assert.Contains("no run 'shapes'", (await DdmProcess.ExpectAsync(3, _folder, "runs", "rm", "shapes", "--cluster", cluster)).Error, StringComparison.Ordinal);
        Assert.Contains("no run 'nothing'", (await DdmProcess.ExpectAsync(3, _folder, "status", "--cluster", cluster, "--run", "nothing")).Error, StringComparison.Ordinal);

        await DdmProcess.ExpectAsync(0, _folder, "cluster", "down");
        Assert.False(File.Exists(_folder.File("ddm-cluster/cluster.json")));
        DdmResult gone = await DdmProcess.ExpectAsync(4, _folder, "status", "--cluster", cluster, "--run", "shapes");
        Assert.Contains("cannot be reached", gone.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(gone);
    }

    [PostgresFact]
    public async Task A_database_is_prepared_and_checked_and_nobody_works_without_its_schema()
    {
        string database = await TestPostgres.EmptyAsync();
        DdmResult check = await DdmProcess.ExpectAsync(3, _folder, "db", "check", "--cluster", database, "--format", "json");
        Assert.Equal(["missing", "missing", "missing", "missing"], check.Json.EnumerateArray().Select(f => f.GetProperty("condition").GetString()!));
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

    // The silo that is left; what the killed ones had they collect when they come back.
    private string[] Artifacts() => Directory.GetFiles(_folder.File("ddm-cluster/silo-3/artifacts"), "*", SearchOption.AllDirectories);

    private static IEnumerable<string> Weights(JsonElement status) =>
        status.GetProperty("models").EnumerateArray().Select(m => m.GetProperty("weights").GetProperty("sha256").GetString()!);

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!await holds())
        {
            Assert.False(late.IsCancellationRequested, "It has not happened in time.");
            await Task.Delay(100);
        }
    }
}
