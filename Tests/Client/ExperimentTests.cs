using System.Text.Json;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm experiment</c> as a process.</summary>
public sealed class ExperimentTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Experiment_answers_gates_as_json_writes_its_files_and_measures_nothing_twice()
    {
        string[] line = ["experiment", "dadao", "--quick", "--seeds", "1", "--out", "claims", "--format", "json", "--progress", "plain"];
        DdmResult first = await DdmProcess.ExpectAsync(0, _folder, line);
        using JsonDocument json = JsonDocument.Parse(first.Output);
        Assert.Equal("dadao", json.RootElement.GetProperty("experiment").GetString());
        Assert.All(json.RootElement.GetProperty("gates").EnumerateArray(), gate =>
            Assert.Contains(gate.GetProperty("verdict").GetString()!, (string[])["holds", "fails"]));
        string folder = Path.Combine(_folder.Path, "claims");
        Assert.Subset(
            Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).ToHashSet(),
            new HashSet<string> { "dadao.json", "dadao.html", "dadao-graphs.png", "dadao-graphs.svg" });

        DdmResult second = await DdmProcess.ExpectAsync(0, _folder, line);
        Assert.Equal(first.Output, second.Output);
        Assert.Contains("measured already", second.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("measured already", first.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "experiment variants", "variants")]
    [InlineData(2, "experiment dadao --seeds 1,x", "1,x")]
    [InlineData(2, "experiment dadao --seeds 1,1", "1,1")]
    [InlineData(2, "experiment dadao --threads -3", "[1, 1024]")]
    [InlineData(3, "experiment variance --data nowhere", "nowhere")]
    public async Task A_mistake_is_named(int code, string line, string named)
    {
        DdmResult result = await DdmProcess.ExpectAsync(code, _folder, line.Split(' '));
        Assert.Empty(result.Output);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
    }
}
