using System.Text.Json;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary><c>ddm compare</c> as a process, as small as it can be.</summary>
public sealed class CompareTests : IDisposable
{
    private const string Result = "runs/c/compare.json";

    internal static readonly string[] Settings =
    [
        "data.shapesCount=200", "data.shapesSize=8", "data.validation=0.2",
        "model.patch=4", "model.width=16", "model.heads=2", "model.depth=1",
        "router.model.kind=dit", "router.model.patch=4", "router.model.width=16", "router.model.heads=2", "router.model.depth=1",
        "router.batch=16", "clustering.fineCentroids=8", "clustering.dimensions=4", "training.batch=16", "training.validations=1",
        "sampling.steps=2", "evaluation.samples=16", "evaluation.lossImages=8", "evaluation.rules=top-1,sticky-prior",
    ];

    private static readonly string[] Line =
    [
        "compare", "--data", "shapes", "--experts", "2", "--seeds", "0", "--steps", "5", "--slots", "1", "--out", "runs/c", "--format", "json",
        .. Settings.SelectMany(s => (string[])["--set", s]),
    ];

    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Interrupted_comparison_goes_on_and_a_damaged_one_is_exit_code_7()
    {
        using (DdmProcess first = DdmProcess.Start(_folder, Line))
        {
            Assert.True(await first.UntilSaidAsync("[2/4]"), first.Error);
            await first.SignalAsync("INT");
            CommandLineTests.AssertNoStack(await first.EndAsync(130));
        }

        DdmResult second = await DdmProcess.ExpectAsync(0, _folder, Line);
        Assert.Contains("3 of 4 runs to go", second.Error, StringComparison.Ordinal);
        Assert.Contains("[1/4] monolith-seed-0: measured already", second.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Training the judge", second.Error, StringComparison.Ordinal);
        Assert.Equal(
            ["monolith", "ddm-2-features", "ddm-2-random", "monolith-told-2"],
            second.Json.GetProperty("measurements").EnumerateArray().Select(m => m.GetProperty("arm").GetString()!));
        Assert.Equal(["G1/K=2", "G2/K=2", "G3/K=2", "G4/K=2", "G5/K=2"], second.Json.GetProperty("gates").EnumerateArray().Select(g => g.GetProperty("id").GetString()!));
        Assert.All(Costs(second.Json), ratio => Assert.InRange(ratio, 0.5, 1));
        Assert.EndsWith("</html>", File.ReadAllText(_folder.File("runs/c/compare.html")).Trim(), StringComparison.Ordinal);

        await DamagedAsync("runs/c/judge.json", "{\"featureSpace\":");
        await DamagedAsync("runs/c/judge.safetensors", "no weights");
        await DamagedAsync(Result, File.ReadAllText(_folder.File(Result))[..100]);
        File.Delete(_folder.File(Result));
        DdmResult mended = await DdmProcess.ExpectAsync(0, _folder, Line);
        Assert.Contains("0 of 4 runs to go", mended.Error, StringComparison.Ordinal);
        Assert.Equal(second.Output, mended.Output);
    }

    private static IEnumerable<double> Costs(JsonElement findings) => findings.GetProperty("measurements").EnumerateArray()
        .Where(m => m.GetProperty("arm").GetString()!.StartsWith("ddm-", StringComparison.Ordinal))
        .Select(m => Cost(m, "top-1") / Cost(findings.GetProperty("measurements")[0], "full"));

    private static double Cost(JsonElement arm, string rule) => arm.GetProperty("rules").EnumerateArray()
        .Single(r => r.GetProperty("rule").GetString() == rule).GetProperty("samplingFlops").GetDouble();

    private async Task DamagedAsync(string name, string content)
    {
        byte[] good = File.ReadAllBytes(_folder.File(name));
        File.WriteAllText(_folder.File(name), content);
        DdmResult result = await DdmProcess.ExpectAsync(7, _folder, Line);
        Assert.Contains(Path.GetFileName(name), result.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("Delete it", result.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(result);
        File.WriteAllBytes(_folder.File(name), good);
    }
}
