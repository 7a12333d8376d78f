using System.Text.Json;

using Microsoft.Data.Sqlite;

using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Client;

/// <summary>What a run leaves behind and what the other verbs make of it.</summary>
public sealed class TrainedRunTests(TrainedRun run) : IClassFixture<TrainedRun>
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    [Fact]
    public void Stdout_has_the_result_and_stderr_the_progress()
    {
        Assert.StartsWith("Run shapes: 2 experts on shapes", run.Training.Output, StringComparison.Ordinal);
        Assert.Contains("\nfull ", run.Training.Output, StringComparison.Ordinal);
        Assert.EndsWith("Report: runs/shapes/report.html\n", run.Training.Output, StringComparison.Ordinal);
        Assert.Contains("expert-1 done: 40 steps", run.Training.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("warn:", run.Training.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("0/0", run.Training.Error, StringComparison.Ordinal);
        CommandLineTests.AssertPlain(run.Training);
    }

    [Fact]
    public void Folder_has_the_effective_spec_rows_figures_pictures_and_report()
    {
        RunSpec spec = SpecJson.Read(File.ReadAllText(run.File("run.json")));
        Assert.Equal(("shapes", 40, 2, 8), (spec.Name, spec.Training.Steps, spec.Experts.Count, spec.Data.ShapesSize));
        JsonElement[] rows = [.. File.ReadLines(run.File("metrics.jsonl")).Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal(["expert-0", "expert-1", "router"], rows.Select(r => r.GetProperty("role").GetString()!).Distinct());
        Assert.Equal(40, rows.Count(r => r.GetProperty("role").GetString() == "expert-0" && r.GetProperty("name").GetString() == "loss/train"));
        JsonElement figures = JsonDocument.Parse(File.ReadAllText(run.File("metrics.json"))).RootElement;
        Assert.Equal(["full", "top-1"], figures.GetProperty("rules").EnumerateArray().Select(r => r.GetProperty("rule").GetString()!));
        Assert.All((string[])["samples.png", "clusters.png"], name => Assert.Equal(Png, File.ReadAllBytes(run.File(name))[..8]));
        string report = File.ReadAllText(run.File("report.html"));
        Assert.Contains("</html>", report, StringComparison.Ordinal);
        Assert.DoesNotContain("src=\"http", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Model_folder_verifies_and_holds_the_same_spec()
    {
        ModelContents model = ModelFolder.Read(run.File("model"));
        Assert.Equal(2, model.Experts.Length);
        Assert.NotNull(model.Router);
        Assert.Equal(SpecJson.Hash(SpecJson.Read(File.ReadAllText(run.File("run.json")))), SpecJson.Hash(model.Spec));
    }

    [Fact]
    public async Task The_same_command_attaches_and_a_different_spec_is_refused_unless_forced()
    {
        using Grains.RunFolder copy = run.Copy();
        byte[] weights = File.ReadAllBytes(copy.File(TrainedRun.Name + "/model/expert_0/diffusion_pytorch_model.safetensors"));
        DdmResult again = await DdmProcess.ExpectAsync(0, copy, TinyRun.Short());
        Assert.Contains("already", again.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Training the experts", again.Error, StringComparison.Ordinal);
        Assert.Equal(run.Training.Output, again.Output);

        DdmResult other = await DdmProcess.ExpectAsync(3, copy, TinyRun.Short("seed=9"));
        Assert.Contains("--force", other.Error, StringComparison.Ordinal);
        Assert.Equal(weights, File.ReadAllBytes(copy.File(TrainedRun.Name + "/model/expert_0/diffusion_pytorch_model.safetensors")));

        File.WriteAllText(copy.File(TrainedRun.Name + "/notes.txt"), "mine");
        string[] old = Artifacts(copy);
        await DdmProcess.ExpectAsync(0, copy, [.. TinyRun.Short("seed=9"), "--force", "--progress", "none"]);
        Assert.NotEqual(weights, File.ReadAllBytes(copy.File(TrainedRun.Name + "/model/expert_0/diffusion_pytorch_model.safetensors")));
        Assert.Equal(9ul, SpecJson.Read(File.ReadAllText(copy.File(TrainedRun.Name + "/run.json"))).Seed);
        Assert.Empty(Artifacts(copy).Intersect(old));
        Assert.Equal("mine", File.ReadAllText(copy.File(TrainedRun.Name + "/notes.txt")));
    }

    [Fact]
    public async Task A_run_is_not_deleted_for_data_that_is_not_found()
    {
        using Grains.RunFolder copy = run.Copy();
        string[] kept = [.. ((string[])["run.json", "metrics.json", "model/manifest.json"]).Select(name => copy.File(TrainedRun.Name + "/" + name))];
        string[] before = [.. kept.Select(File.ReadAllText)];
        DdmResult refused = await DdmProcess.ExpectAsync(3, copy, "train", "--data", "no-such-set", "--out", TrainedRun.Name, "--force");
        Assert.Contains("no-such-set", refused.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(refused);
        Assert.Equal(before, kept.Select(File.ReadAllText));
        Assert.NotEmpty(Artifacts(copy));
    }

    [Fact]
    public async Task A_state_of_a_newer_release_is_refused_in_one_line()
    {
        using Grains.RunFolder copy = run.Copy();
        using (var database = new SqliteConnection($"Data Source={copy.File(TrainedRun.Name + "/state.db")};Pooling=False"))
        {
            database.Open();
            using SqliteCommand command = database.CreateCommand();
            command.CommandText = "UPDATE DdmSchema SET Version = 99";
            command.ExecuteNonQuery();
        }

        DdmResult refused = await DdmProcess.ExpectAsync(3, copy, "resume", TrainedRun.Name);
        Assert.Contains("Use the newer program", refused.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(refused);
    }

    [Fact]
    public async Task Status_and_runs_read_a_run_that_nobody_drives()
    {
        JsonElement status = (await DdmProcess.ExpectAsync(0, run.Folder, "status", "--run", TrainedRun.Name, "--format", "json")).Json;
        Assert.False(status.GetProperty("live").GetBoolean());
        Assert.Equal("ready", status.GetProperty("phase").GetString());
        Assert.Equal(3, status.GetProperty("status").GetProperty("models").GetArrayLength());
        DdmResult runs = await DdmProcess.ExpectAsync(0, run.Folder, "runs", "--format", "json");
        JsonElement row = Assert.Single(runs.Json.EnumerateArray());
        Assert.Equal(("shapes", "ready", 1.0), (row.GetProperty("name").GetString(), row.GetProperty("phase").GetString(), row.GetProperty("progress").GetDouble()));
        Assert.All(
            await Task.WhenAll(((string[])["watch", "stop"]).Select(verb => DdmProcess.ExpectAsync(4, run.Folder, verb, "--run", TrainedRun.Name))),
            CommandLineTests.AssertNoStack);
    }

    [Fact]
    public async Task Samples_are_a_picture_and_the_same_again_for_the_same_seed()
    {
        using Grains.RunFolder copy = run.Copy();
        string[] line =
            ["sample", "--run", TrainedRun.Name, "--count", "9", "--seed", "7", "--steps", "5", "--scheduler", "euler", "--mixing", "top-1", "--slots", "1"];
        DdmResult first = await DdmProcess.ExpectAsync(0, copy, [.. line, "--out", "a.png", "--format", "json"]);
        Assert.Equal(copy.File("a.png"), first.Json.GetProperty("picture").GetString());
        JsonElement how = JsonDocument.Parse(File.ReadAllText(copy.File("a.json"))).RootElement;
        Assert.Equal((7, 5), (how.GetProperty("seed").GetInt32(), how.GetProperty("steps").GetInt32()));
        Assert.All(how.GetProperty("expertUse").EnumerateArray(), step => Assert.Equal(1, step.EnumerateArray().Sum(e => e.GetDouble()), 1e-9));
        await DdmProcess.ExpectAsync(0, copy, [.. line, "--out", "b.png"]);
        byte[] picture = File.ReadAllBytes(copy.File("a.png"));
        Assert.Equal(Png, picture[..8]);
        Assert.Equal(picture, File.ReadAllBytes(copy.File("b.png")));
    }

    [Theory]
    [InlineData("--count 0", "--count")]
    [InlineData("--mixing top-3", "--mixing")]
    [InlineData("--class 1", "--class")]
    [InlineData("--scheduler magic", "scheduler")]
    public async Task A_request_that_cannot_be_met_is_exit_code_3(string options, string named)
    {
        DdmResult result = await DdmProcess.ExpectAsync(3, run.Folder, ["sample", "--run", TrainedRun.Name, .. options.Split(' ')]);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(result);
    }

    [Fact]
    public async Task Evaluate_answers_in_JSON()
    {
        using Grains.RunFolder copy = run.Copy();
        DdmResult result = await DdmProcess.ExpectAsync(
            0, copy, "evaluate", "--run", TrainedRun.Name, "--rules", "top-2", "--samples", "0", "--steps", "3", "--scheduler", "heun",
            "--slots", "1", "--format", "json", "--progress", "none");
        Assert.Equal("top-2", Assert.Single(result.Json.GetProperty("rules").EnumerateArray()).GetProperty("rule").GetString());
        Assert.Equal("heun, 3 steps, linear grid", result.Json.GetProperty("solver").GetString());
        Assert.Empty(result.Error);
        DdmResult refused = await DdmProcess.ExpectAsync(3, copy, "evaluate", "--run", TrainedRun.Name, "--steps", "0");
        Assert.Contains("sampling.steps", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_weights_are_exit_code_7_and_resume_mends_the_run()
    {
        using Grains.RunFolder copy = run.Copy();
        JsonElement status = JsonDocument.Parse(File.ReadAllText(copy.File(TrainedRun.Name + "/status.json"))).RootElement;
        string name = status.GetProperty("models")[0].GetProperty("weights").GetProperty("sha256").GetString()!;
        string weights = copy.File($"{TrainedRun.Name}/artifacts/{name[..2]}/{name}");
        byte[] good = File.ReadAllBytes(weights);
        byte[] bad = [.. good];
        bad[^9] ^= 1;
        File.WriteAllBytes(weights, bad);
        string model = copy.File(TrainedRun.Name + "/model/router/diffusion_pytorch_model.safetensors");
        byte[] router = File.ReadAllBytes(model);
        File.WriteAllBytes(model, router[..^4]);

        DdmResult sample = await DdmProcess.ExpectAsync(7, copy, "sample", "--run", TrainedRun.Name, "--count", "1", "--mixing", "full", "--slots", "1", "--format", "json");
        Assert.Equal(7, sample.Json.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Contains(name, sample.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        CommandLineTests.AssertNoStack(sample);
        CommandLineTests.AssertNoStack(await DdmProcess.ExpectAsync(7, copy, "evaluate", "--run", TrainedRun.Name, "--samples", "0", "--slots", "1"));

        File.Delete(copy.File(TrainedRun.Name + "/metrics.json"));
        await DdmProcess.ExpectAsync(0, copy, "resume", TrainedRun.Name, "--slots", "1");
        Assert.Equal(good, File.ReadAllBytes(weights));
        Assert.Equal(router, File.ReadAllBytes(model));
    }

    private static string[] Artifacts(string folder) =>
        [.. Directory.GetFiles(Path.Combine(folder, TrainedRun.Name, "artifacts"), "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!)];
}
