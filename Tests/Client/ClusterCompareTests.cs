using System.Text.Json;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm compare --cluster</c>: silos train, this machine judges.</summary>
public sealed class ClusterCompareTests : IAsyncLifetime
{
    private static readonly string[] Arms = ["monolith-seed-0", "ddm-2-features-seed-0", "ddm-2-random-seed-0", "monolith-told-2-seed-0"];

    private readonly Grains.RunFolder _folder = new();
    private readonly PacedSilos _paced;

    public ClusterCompareTests() => _paced = new PacedSilos(_folder, "silo-1", "silo-2");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await DdmProcess.RunAsync(_folder, "cluster", "down");
        _folder.Dispose();
    }

    [PostgresFact]
    public async Task Comparison_on_a_cluster_outlives_its_client_and_finds_what_one_here_finds()
    {
        Task<DdmResult> here = DdmProcess.ExpectAsync(0, _folder, [.. Line("here"), "--slots", "1"]);
        _paced.Pace(2000);
        string cluster = (await DdmProcess.ExpectAsync(
            0, _folder, [KeyValuePair.Create("DDM__Faults__Folder", _paced.Faults)], "cluster", "up", "--silos", "2", "--slots", "2", "--format", "json"))
            .Json.GetProperty("connectionString").GetString()!;
        string[] there = [.. Line("there"), "--cluster", cluster, "--at-once", "2"];
        string hash = (await DdmProcess.ExpectAsync(0, _folder, [.. there, "--dry-run"])).Json.GetProperty("planHash").GetString()!;
        string[] runs = [.. Arms.Select(arm => $"compare-{hash[..8]}-{arm}")];

        await using ClusterConnection connection = await ClusterConnection.ToClusterAsync(cluster);
        using (DdmProcess client = DdmProcess.Start(_folder, there))
        {
            Assert.True(await client.UntilSaidAsync(runs[1] + "' is submitted"), client.Error);
            await client.SignalAsync("INT");
            DdmResult interrupted = await client.EndAsync(130);
            Assert.Contains($"go on without this client: {runs[0]}, {runs[1]}.", interrupted.Error, StringComparison.Ordinal);
            CommandLineTests.AssertNoStack(interrupted);
        }

        // No more at once than was asked for. One is stopped, to be woken by the next client; the other goes on by itself.
        Assert.Equal(RunPhase.None, (await StatusAsync(connection, runs[2])).Phase);
        await DdmProcess.ExpectAsync(0, _folder, "stop", "--cluster", cluster, "--run", runs[0]);
        _paced.Pace(0);
        RunStatus alone = await Until.SeenAsync(() => StatusAsync(connection, runs[1])!, s => s.Phase == RunPhase.Ready);

        DdmResult second = await DdmProcess.ExpectAsync(0, _folder, there);
        Assert.Contains("4 of 4 runs to go", second.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(runs[1] + "' is submitted", second.Error, StringComparison.Ordinal);
        Assert.Contains(runs[3] + "' is submitted", second.Error, StringComparison.Ordinal);
        Assert.Equal(alone.Term, (await StatusAsync(connection, runs[1])).Term);
        JsonElement[] measured = Measurements(second);
        foreach ((JsonElement expected, JsonElement actual) in Measurements(await here).Zip(measured))
        {
            Assert.Equal(Figures(expected), Figures(actual));
        }

        // Where it was trained says nothing about what it would find: only the times differ.
        Assert.All(measured, m => Assert.All((string[])["wall", "parallel", "clustering"], time => Assert.InRange(m.GetProperty("times").GetProperty(time).GetDouble(), 1e-6, 1e4)));
        Assert.False(Directory.Exists(_folder.File($"runs/there/arms/{Arms[0]}/artifacts")));
        await DdmProcess.ExpectAsync(0, _folder, "sample", "--model", $"runs/there/arms/{Arms[0]}/model", "--count", "1", "--out", "x.png");

        // Measured is measured, whoever is asked.
        DdmResult third = await DdmProcess.ExpectAsync(0, _folder, there);
        Assert.Contains("0 of 4 runs to go", third.Error, StringComparison.Ordinal);
        Assert.Equal(second.Output, third.Output);
    }

    [Theory]
    [InlineData(3, "--cluster Host=127.0.0.1;Port=1 --slots 2", "--slots")]
    [InlineData(2, "--at-once 2", "--cluster")]
    [InlineData(2, "--cluster Host=127.0.0.1;Port=1 --at-once 0", "1 to 64")]
    [InlineData(4, "--cluster Host=127.0.0.1;Port=1", "cannot be reached")]
    public async Task Mistakes_have_their_exit_codes_and_leave_nothing(int code, string line, string told)
    {
        DdmResult result = await DdmProcess.ExpectAsync(code, _folder, [.. Line("there"), .. line.Split(' ')]);
        Assert.Contains(told, result.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(result);
        Assert.False(Directory.Exists(_folder.File("runs")));
    }

    private static string[] Line(string name) =>
    [
        "compare", "--data", "shapes", "--experts", "2", "--seeds", "0", "--steps", "5", "--out", "runs/" + name, "--format", "json",
        .. CompareTests.Settings.SelectMany(s => (string[])["--set", s]),
    ];

    private static Task<RunStatus> StatusAsync(ClusterConnection connection, string run) =>
        connection.Client.GetGrain<IRunGrain>(GrainKeys.Run(run)).GetStatusAsync();

    private static JsonElement[] Measurements(DdmResult result) => [.. result.Json.GetProperty("measurements").EnumerateArray()];

    /// <summary>All of a measurement that is no time.</summary>
    private static string Figures(JsonElement measurement) => string.Join('\n', measurement.EnumerateObject()
        .Where(p => p.Name != "times")
        .Select(p => p.Name == "rules"
            ? string.Join(';', p.Value.EnumerateArray().SelectMany(r => r.EnumerateObject().Where(f => f.Name != "imagesPerSecond").Select(f => f.ToString())))
            : p.ToString()));
}
