using System.Text.Json;

using OrleansDDM.Learning.Serialization;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm solve</c> as a process.</summary>
public sealed class SolveTests : IDisposable
{
    private static readonly string[] Line =
    [
        "solve", "--data", "shapes", "--limit", "100", "--peers", "3", "--topology", "complete", "--shards", "iid", "--ridge", "1", "--accuracy", "0.3", "--unit", "0.05",
        "--slots", "1", "--format", "json", "--progress", "plain",
    ];

    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Solution_is_that_of_one_place_and_asking_again_tells_it_again()
    {
        DdmResult first = await DdmProcess.ExpectAsync(0, _folder, [.. Line, "--check"]);
        JsonElement json = first.Json;
        Assert.Equal("solved", json.GetProperty("phase").GetString());
        Assert.InRange(json.GetProperty("bound").GetDouble(), 0, 0.3);
        Assert.InRange(json.GetProperty("distance").GetDouble(), 0, json.GetProperty("bound").GetDouble());
        Assert.InRange(json.GetProperty("imbalance").GetDouble(), 0, 1e-12);
        SafetensorsFile solution = SafetensorsReader.Read(File.ReadAllBytes(_folder.File("runs/solve/solution.safetensors")));
        Assert.Equal([12, 256], solution["weight"].Shape);
        Assert.Equal([12], solution["bias"].Shape);

        DdmResult second = await DdmProcess.ExpectAsync(0, _folder, Line);
        Assert.Equal(json.GetProperty("gradients").GetInt64(), second.Json.GetProperty("gradients").GetInt64());
        DdmResult other = await DdmProcess.ExpectAsync(3, _folder, [.. Line, "--seed", "2"]);
        Assert.Contains("--force", other.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "--peers 1", "peers")]
    [InlineData(3, "--topology moebius", "topology")]
    [InlineData(3, "--ridge 0", "ridge")]
    [InlineData(3, "--data nothing", "nothing")]
    [InlineData(6, "--gradients 1 --accuracy 1e-9", "gradients")]
    [InlineData(3, "--peers 7 --topology torus", "torus")]
    [InlineData(3, "--topology random-geometric --topology-radius 0.001", "random-geometric")]
    [InlineData(3, "--topology file --topology-file nowhere.txt", "nowhere.txt")]
    [InlineData(3, "--rates fastest", "rates")]
    [InlineData(3, "--peers 33 --rates optimised", "at most 32 peers")]
    public async Task Wrong_options_and_spent_gradients_have_their_exit_codes(int code, string options, string named)
    {
        DdmResult result = await DdmProcess.ExpectAsync(code, _folder, [.. Line.Take(1), .. With(options.Split(' '))]);
        Assert.Contains(named, result.Output + result.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(result);
    }

    private static IEnumerable<string> With(string[] options)
    {
        var all = Line.Skip(1).Chunk(2).ToDictionary(p => p[0], p => p[1]);
        foreach (string[] option in options.Chunk(2))
        {
            all[option[0]] = option[1];
        }

        return all.SelectMany(p => (string[])[p.Key, p.Value]);
    }
}
