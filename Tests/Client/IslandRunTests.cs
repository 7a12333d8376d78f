using System.Text.Json;

using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm train --peers N --protocol P</c> as a process.</summary>
public sealed class IslandRunTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Peers_train_the_run_by_the_protocol_that_the_flags_name()
    {
        await DdmProcess.ExpectAsync(
            0, _folder, [.. TinyRun.Short("islands.shards=iid", "islands.minSamples=1", "evaluation.samples=0"), "--peers", "3", "--protocol", "dpsgd", "--progress", "none"]);
        IslandsSpec islands = SpecJson.Read(File.ReadAllText(_folder.File("runs/shapes/run.json"))).Islands;
        Assert.Equal((3, "dpsgd"), (islands.Peers, islands.Protocol));

        JsonElement status = (await DdmProcess.ExpectAsync(0, _folder, "status", "--run", "runs/shapes", "--format", "json")).Json;
        Assert.Equal("ready", status.GetProperty("phase").GetString());
        JsonElement[] models = [.. status.GetProperty("status").GetProperty("models").EnumerateArray()];
        Assert.Equal(3, models.Length);
        foreach (JsonElement island in models.Select(m => m.GetProperty("island")))
        {
            Assert.Equal(("dpsgd", 3), (island.GetProperty("protocol").GetString(), island.GetProperty("peers").GetInt32()));
            Assert.Equal(island.GetProperty("rounds").GetInt64(), island.GetProperty("round").GetInt64());
            Assert.NotEqual(0, island.GetProperty("counts").GetProperty("trainings").GetInt64());
        }

        // Of three peers, the exponential graph is the complete one: kind, peers, edges, degree, λ, gap, χ1, χ2.
        string row = string.Concat(new[] { "exponential", "3", "3", "2", "0", "1.000", "1.000", "1.000" }.Select(cell => $"<td>{cell}</td>"));
        Assert.Equal(3, File.ReadAllText(_folder.File("runs/shapes/report.html")).Split(row).Length - 1);
    }

    [Theory]
    [InlineData("fanout=2", "islands.options")]
    [InlineData("rounds=2", "training.steps")]
    public async Task Options_that_a_protocol_cannot_have_are_bad_configuration(string option, string named)
    {
        DdmResult result = await DdmProcess.ExpectAsync(3, _folder, [.. TinyRun.Short("islands.options=" + option), "--peers", "3", "--protocol", "dpsgd"]);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(result);
    }
}
