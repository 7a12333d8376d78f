using System.Text.Json;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm simulate</c> as a process.</summary>
public sealed class SimulateTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Equal_runs_have_equal_hashes_and_the_plan_of_a_run_repeats_it()
    {
        string[] line = ["simulate", "--protocol", "gossip", "--peers", "6", "--seconds", "20", "--seed", "4", "--format", "json"];
        JsonElement first = await RunAsync(0, [.. line, "--out", "plan.json"]);
        JsonElement replayed = await RunAsync(0, ["simulate", "--replay", "plan.json", "--format", "json"]);
        JsonElement other = await RunAsync(0, [.. line, "--set", "protocol.steps=6"]);

        Assert.Equal(0, first.GetProperty("failures").GetArrayLength());
        Assert.True(first.GetProperty("rounds").GetProperty("maximum").GetInt64() > 5);
        Assert.Equal(Hash(first), Hash(replayed));
        Assert.NotEqual(Hash(first), Hash(other));
    }

    [Fact]
    public async Task Graph_of_the_peers_is_told_of_where_the_protocol_uses_it()
    {
        string[] line = ["simulate", "--seconds", "5", "--protocol"];
        JsonElement used = (await RunAsync(0, [.. line, "dpsgd", "--topology", "ring", "--format", "json"])).GetProperty("topology");
        JsonElement unused = (await RunAsync(0, [.. line, "modest", "--format", "json"])).GetProperty("topology");
        string text = (await DdmProcess.ExpectAsync(0, _folder, [.. line, "gossip", "--topology", "ring"])).Output;

        Assert.Equal(1, used.GetProperty("components").GetInt32());
        Assert.Equal(0.127, used.GetProperty("spectralGap").GetDouble(), 0.001);
        Assert.Equal(JsonValueKind.Null, unused.ValueKind);
        Assert.Contains("spectral gap 0.1273, lambda 0.8727, chi1 26.1803, chi2 4.5", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failing_run_leaves_a_plan_whose_replay_fails_alike()
    {
        string[] line = ["simulate", "--protocol", "fedavg", "--faults", "random", "--set", "protocol.deadlineSeconds=100", "--set", "protocol.sampleSize=15", "--format", "json"];
        JsonElement survey = await RunAsync(1, [.. line, "--seeds", "3"]);
        JsonElement failure = survey.GetProperty("failures")[0];
        JsonElement alone = await RunAsync(1, [.. line, "--seed", failure.GetProperty("seed").GetRawText()]);
        JsonElement replayed = await RunAsync(1, ["simulate", "--replay", survey.GetProperty("replay").GetString()!, "--format", "json"]);

        Assert.Contains("the server completed no round", failure.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(failure.GetRawText(), alone.GetProperty("failures")[0].GetRawText());
        Assert.Equal(failure.GetRawText(), replayed.GetProperty("failures")[0].GetRawText());
        Assert.Equal(Hash(alone), Hash(replayed));
    }

    [Fact]
    public async Task Storm_that_fails_leaves_a_plan_whose_replay_fails_alike()
    {
        string[] line = ["simulate", "--scenario", "storm", "--peers", "20", "--set", "protocol.aggregationSeconds=-1", "--seed", "5", "--seeds", "2", "--format", "json"];
        JsonElement storm = await RunAsync(1, line);
        JsonElement failed = storm.GetProperty("runs").EnumerateArray().First(r => !r.GetProperty("holds").GetBoolean());
        string file = storm.GetProperty("replay").GetString()!;
        JsonElement replayed = await RunAsync(1, ["simulate", "--replay", file, "--format", "json"]);
        JsonElement failure = replayed.GetProperty("failures")[0];

        Assert.Equal(2, storm.GetProperty("runs").GetArrayLength());
        Assert.Equal($"simulate-storm-{failed.GetProperty("seed").GetRawText()}.json", file);
        Assert.Contains("no new round for", failure.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(failed.GetProperty("failure").GetString(), failure.GetProperty("message").GetString());
        Assert.Equal(Hash(failed), Hash(replayed));
    }

    [Theory]
    [InlineData("simulate --protocol modist", "modist")]
    [InlineData("simulate --scenario storm --protocol modest", "--protocol")]
    [InlineData("simulate --scenario storm --faults random", "--faults")]
    [InlineData("simulate --scenario storm --rounds 5", "--rounds")]
    [InlineData("simulate --scenario storm --set crash.stallSeconds=0", "crash.stallSeconds")]
    [InlineData("simulate --scenario storm --replay nowhere.json", "--scenario")]
    [InlineData("simulate --replay nowhere.json --seed 4", "--seed")]
    [InlineData("simulate --replay nowhere.json", "nowhere.json")]
    [InlineData("simulate --set network.loss=2", "network.loss")]
    [InlineData("simulate --protocol dpsgd --topology rong", "rong")]
    [InlineData("simulate --protocol modest --topology ring", "--topology is not used by modest, whose peers know no graph; leave it out, or choose --protocol dadao, decavg, dfedsam, diloco, dpsgd, gossip")]
    [InlineData("simulate --protocol fedavg --set topology.kind=star --faults random", "is not used by fedavg")]
    [InlineData("simulate --protocol dpsgd --topology random-regular --set topology.degree=3 --faults random --seeds 20 --threads 2", "3-regular")]
    [InlineData("simulate --seeds 0", "--seeds")]
    [InlineData("simulate --faults random --seconds 5", "--seconds")]
    [InlineData("simulate --faults random --set network.loss=0.2", "network.loss")]
    public async Task A_mistake_is_named(string line, string named)
    {
        DdmResult result = await DdmProcess.ExpectAsync(3, _folder, line.Split(' '));
        Assert.Empty(result.Output);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("One or more errors", result.Error, StringComparison.Ordinal);
    }

    private static string Hash(JsonElement summary) => summary.GetProperty("hash").GetString()!;

    private async Task<JsonElement> RunAsync(int code, string[] line)
    {
        using JsonDocument json = JsonDocument.Parse((await DdmProcess.ExpectAsync(code, _folder, line)).Output);
        return json.RootElement.Clone();
    }
}
