using System.Diagnostics;
using System.Text.Json;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local;
using OrleansDDM.Tests.House;
using OrleansDDM.Tests.Silos;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm solve --cluster</c> against silos that are processes of their own.</summary>
public sealed class SolveOnClusterTests : IAsyncLifetime
{
    private readonly Grains.RunFolder _folder = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await DdmProcess.RunAsync(_folder, "cluster", "down");
        _folder.Dispose();
    }

    [PostgresFact]
    public async Task Solve_waits_for_the_peers_of_a_killed_silo_and_they_go_on_from_what_they_stored()
    {
        JsonElement up = (await DdmProcess.ExpectAsync(0, _folder, "cluster", "up", "--silos", "3", "--slots", "1", "--format", "json")).Json;
        string cluster = up.GetProperty("connectionString").GetString()!;
        Dictionary<string, int> silos = up.GetProperty("silos").EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!, s => s.GetProperty("processId").GetInt32());
        using DdmProcess client = DdmProcess.Start(
            _folder,
            "solve", "--cluster", cluster, "--data", "shapes", "--limit", "100", "--peers", "3", "--topology", "complete", "--shards", "iid", "--ridge", "1",
            "--accuracy", "0.05", "--unit", "0.2", "--check", "--format", "json", "--progress", "plain");
        await using (ClusterConnection connection = await ClusterConnection.ToClusterAsync(cluster))
        {
            ISolveGrain solve = connection.Client.GetGrain<ISolveGrain>(GrainKeys.Solve("solve"));
            SolveStatus before = await Until.SeenAsync(async () => await solve.GetStatusAsync(), s => s.Exchanges > 3);
            Assert.Equal(SolvePhase.Running, before.Phase);
            Assert.Equal(["solve/solve"], await ClusterMembers.OpenSolveKeysAsync(cluster));
            Process.GetProcessById(silos["silo-2"]).Kill();
            SolveStatus lost = await Until.SeenAsync(() => AskAsync(solve), s => s.Unreachable == 1);
            Assert.Contains("silo-2", lost.Message, StringComparison.Ordinal);
            await LocalCluster.StartAgainAsync(_folder.File("ddm-cluster"), "silo-2");
            await Until.SeenAsync(() => AskAsync(solve), s => s.Unreachable == 0);
        }

        JsonElement json = (await client.EndAsync(0)).Json;
        Assert.Equal("solved", json.GetProperty("phase").GetString());
        Assert.InRange(json.GetProperty("imbalance").GetDouble(), 0, 1e-12);
        Assert.InRange(json.GetProperty("bound").GetDouble(), 0, 0.05);
        Assert.InRange(json.GetProperty("distance").GetDouble(), 0, json.GetProperty("bound").GetDouble());
        Assert.True(json.GetProperty("counts").GetProperty("modelsReceived").GetInt64() > 0);

        Assert.Empty(await ClusterMembers.OpenSolveKeysAsync(cluster));
        Assert.Contains("solved", (await DdmProcess.ExpectAsync(0, _folder, "solve", "stop", "solve", "--cluster", cluster)).Output, StringComparison.Ordinal);
        JsonElement removed = (await DdmProcess.ExpectAsync(0, _folder, "solve", "rm", "solve", "--cluster", cluster, "--format", "json")).Json;
        Assert.Equal("solve", removed.GetProperty("removed").GetString());
        DdmResult gone = await DdmProcess.ExpectAsync(3, _folder, "solve", "rm", "solve", "--cluster", cluster);
        Assert.Contains("There is no solve 'solve'", gone.Error, StringComparison.Ordinal);
    }

    // Its silo may be the one that was killed.
    private static async Task<SolveStatus?> AskAsync(ISolveGrain solve)
    {
        try
        {
            return await solve.GetStatusAsync();
        }
        catch (Orleans.Runtime.OrleansException)
        {
            return null;
        }
    }
}
