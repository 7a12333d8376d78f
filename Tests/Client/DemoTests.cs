using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>Names of runs, the demo, and runs that fail.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly Grains.RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_demo_leaves_the_one_before_alone()
    {
        string[] line = ["demo", .. TinyRun.Short().Skip(3)];
        await DdmProcess.ExpectAsync(0, _folder, line);
        byte[] first = File.ReadAllBytes(_folder.File("runs/demo/metrics.json"));
        await DdmProcess.ExpectAsync(0, _folder, [.. line, "--seed", "3"]);
        Assert.Equal(first, File.ReadAllBytes(_folder.File("runs/demo/metrics.json")));
        string[] expected = ["clusters.png", "metrics.json", "metrics.jsonl", "report.html", "run.json", "samples.png"];
        Assert.All(expected, name => Assert.True(File.Exists(_folder.File("runs/demo-2/" + name)), name));
        Assert.True(File.Exists(_folder.File("runs/demo-2/model/manifest.json")));
    }

    [Fact]
    public async Task A_run_that_diverges_is_exit_code_1_and_says_what_to_change()
    {
        DdmResult result = await DdmProcess.ExpectAsync(
            1, _folder, [.. TinyRun.Short("training.optimizer=sgd", "training.learningRate=1", "training.clipNorm=0", "training.warmup=0", "training.steps=2000"), "--name", "wild"]);
        Assert.Contains("training.learningRate", result.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(result);
        Assert.Empty(result.Output);
        Assert.Contains("faulted", (await DdmProcess.ExpectAsync(0, _folder, "status", "--run", "runs/wild")).Output, StringComparison.Ordinal);
    }
}
