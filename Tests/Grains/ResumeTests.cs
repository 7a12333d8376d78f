using System.Globalization;
using System.Text.Json.Nodes;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>Whatever interrupts a run and whichever file it spoils: it goes on from a good checkpoint and ends with the same bytes.</summary>
public sealed class ResumeTests : SiloTest
{
    [Fact]
    public async Task Stopped_run_goes_on_from_its_checkpoints()
    {
        await StopAtAsync(18);
        await ResumeAndCheckAsync();
        Assert.All(Runtime.Opened.Skip(3), o => Assert.Equal(18, o.Step));
    }

    [Fact]
    public async Task Silo_stopped_without_a_word_writes_checkpoints_and_the_run_goes_on_under_a_higher_term()
    {
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
        long term = (await Run().GetStatusAsync()).Term;
        await RestartAsync();
        Assert.Equal(0, Runtime.OpenSessions);
        Assert.True((await ResumeAndCheckAsync()).Term > term);
        Assert.All(Runtime.Opened.Skip(3), o => Assert.Equal(18, o.Step));
    }

    [Fact]
    public async Task Attaching_to_an_interrupted_run_drives_it_on()
    {
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
        await RestartAsync();
        LetGo();
        Assert.True((await Run().SubmitAsync(SpecJson.Write(Spec()))).Attached);
        await CheckAsync();
    }

    [Fact]
    public async Task Run_stored_before_a_spec_key_came_up_goes_on_under_the_spec_with_its_default()
    {
        HoldAt(0);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await Run().StopAsync();
        await Silo.DisposeAsync();
        string hash = SpecJson.Hash(Spec());
        string older = new('0', hash.Length);
        RewriteStates(text => WithoutKey(text).Replace(hash, older, StringComparison.Ordinal));
        await StartSiloAsync();
        HoldAt(18);
        await Run().ResumeAsync();
        await AllAtAsync(18);
        await Run().StopAsync();
        await RestartAsync();
        int opened = Runtime.Opened.Count;
        SubmitReply reply = await Run().SubmitAsync(SpecJson.Write(Spec()));
        Assert.True(reply.Attached);
        Assert.Equal((RunPhase.Stopped, older), (reply.Status.Phase, reply.Status.SpecHash));
        await ResumeAndCheckAsync();
        Assert.All(Runtime.Opened.Skip(opened), o => Assert.Equal(18, o.Step));
        await Assert.ThrowsAsync<RunConflictException>(() => Run().SubmitAsync(SpecJson.Write(Spec(seed: 8))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(-1)]
    public async Task Spoilt_newest_checkpoint_gives_way_to_an_older_one(int keepBytes)
    {
        await StopAtAsync(18);
        CheckpointReference newest = (await Run().GetStatusAsync()).Models[1].Checkpoints[^1];
        string path = Folder.File($"artifacts/{newest.Artifact.Sha256[..2]}/{newest.Artifact.Sha256}");
        if (keepBytes < 0)
        {
            File.Delete(path);
        }
        else
        {
            using FileStream file = File.OpenWrite(path);
            file.SetLength(keepBytes);
        }

        await RestartAsync();
        await ResumeAndCheckAsync();
        Assert.Equal([("expert-0", 18), ("expert-1", 14), ("router", 18)], Reopened());
    }

    [Fact]
    public async Task Without_any_checkpoint_left_a_model_starts_from_scratch()
    {
        await StopAtAsync(18);
        Directory.Delete(Folder.File("artifacts"), recursive: true);
        await RestartAsync();
        await ResumeAndCheckAsync();
        Assert.All(Reopened(), o => Assert.Equal(0, o.Step));
    }

    [Fact]
    public async Task Killed_silo_loses_nothing_after_the_last_checkpoint()
    {
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
        await CrashAsync();
        await ResumeAndCheckAsync();
        Assert.All(Reopened(), o => Assert.Equal(18, o.Step));
    }

    [Theory]
    [InlineData("state.db", 0)]
    [InlineData("state.db", 5000)]
    [InlineData("state.db", 20000)]
    [InlineData("state.db-wal", 0)]
    [InlineData("state.db-wal", 5000)]
    [InlineData("state.db-wal", 100_000)]
    public async Task Truncated_database_of_a_killed_silo_loses_no_training(string file, int length)
    {
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
        await CrashAsync(() =>
        {
            using FileStream stream = File.OpenWrite(Folder.File(file));
            stream.SetLength(Math.Min(length, stream.Length));
        });
        LetGo();
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        RunStatus status = await CheckAsync();
        Assert.All(Reopened(), o => Assert.Equal(18, o.Step));
        Assert.All(status.Models, m => Assert.True(m.Term >= 2, $"{m.Role} went back to term {m.Term.ToString(CultureInfo.InvariantCulture)}"));
    }

    [Fact]
    public async Task Run_killed_while_it_stops_is_settled_by_the_next_silo_and_goes_on()
    {
        using var gate = new ManualResetEventSlim();
        Runtime.BeforeStep = (_, step, _) => step < 18 || gate.Wait(Patience);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run(), until: e => e.Kind == RunEventKind.Checkpoint && e.Step == 18);
        Task stopping = Run().StopAsync();
        await WatchAsync(Run(), until: e => e is { Kind: RunEventKind.Phase, Phase: RunPhase.Stopping });
        await CrashAsync(release: gate.Set);
        await stopping.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);

        await WatchAsync(Run());
        Assert.Equal(RunPhase.Stopped, (await Run().GetStatusAsync()).Phase);
        await ResumeAndCheckAsync();
    }

    [Fact]
    public async Task State_that_cannot_be_stored_in_time_faults_the_run_until_it_can()
    {
        RunSettings.StorePatience = TimeSpan.FromSeconds(0.5);
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
        LoseDatabase();
        LetGo();
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal(RunPhase.Faulted, status.Phase);
        Assert.Contains("disk is full", status.Message, StringComparison.Ordinal);
        Assert.Equal(0, Runtime.OpenSessions);

        BringDatabaseBack();
        await ResumeAndCheckAsync();
    }

    [Fact]
    public async Task Artifacts_that_cannot_be_written_fault_the_run_until_they_can()
    {
        HoldAt(18);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(18);
        Directory.Delete(Folder.File("artifacts/tmp"));
        File.WriteAllText(Folder.File("artifacts/tmp"), "no folder");
        LetGo();
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal(RunPhase.Faulted, status.Phase);
        Assert.Contains("failed", status.Message, StringComparison.Ordinal);

        File.Delete(Folder.File("artifacts/tmp"));
        Directory.CreateDirectory(Folder.File("artifacts/tmp"));
        await ResumeAndCheckAsync();
        Assert.All(Reopened(), o => Assert.Equal(18, o.Step));
    }

    [Fact]
    public async Task Run_does_not_go_on_with_other_data()
    {
        await StopAtAsync(18);
        Runtime.Fingerprint = "other";
        await Run().ResumeAsync();
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal(RunPhase.Faulted, status.Phase);
        Assert.Contains("have changed", status.Message, StringComparison.Ordinal);
        Assert.Equal(3, Runtime.Opened.Count);

        Runtime.Fingerprint = "data";
        await ResumeAndCheckAsync();
    }

    [Fact]
    public async Task Best_checkpoint_is_exported_where_the_spec_asks_for_it_however_the_run_was_interrupted()
    {
        Runtime.Validation = step => 1 + Math.Abs(step - 20);
        RunSpec spec = Spec() with { Training = Spec().Training with { Export = "best", CheckpointSeconds = 3600, KeepLast = 1 } };
        HoldAt(34);
        await Run().SubmitAsync(SpecJson.Write(spec));
        await WatchAsync(Run(), until: e => e.Kind == RunEventKind.Checkpoint && e.Step == 30);
        await CrashAsync();
        LetGo();
        await Run().ResumeAsync();
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        RunSpec atBest = spec with { Training = spec.Training with { Steps = 20 } };
        Assert.All(status.Models, m =>
        {
            Assert.Equal((20, 1.0), (m.Best!.Step, m.Best.ValidationLoss));
            Assert.Equal(FakeRuntime.ExpectedWeights(atBest, ModelRole.Parse(m.Role)), Silo.Artifacts.Read(m.Weights!.Sha256));
        });
    }

    [Fact]
    public async Task Truncated_index_changes_nothing_while_the_database_is_good()
    {
        await StopAtAsync(18);
        await Silo.DisposeAsync();
        foreach (string index in Directory.EnumerateFiles(Folder.File("checkpoints"), "*.jsonl", SearchOption.AllDirectories))
        {
            File.WriteAllText(index, "{\"specHash\":\"half");
        }

        await StartSiloAsync();
        await ResumeAndCheckAsync();
        Assert.All(Reopened(), o => Assert.Equal(18, o.Step));
    }

    [Fact]
    public async Task Resume_mends_a_ready_run_whose_weights_are_spoilt()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run());
        Assert.Equal(RunPhase.Ready, (await Run().ResumeAsync()).Phase);
        string sha = (await Run().GetStatusAsync()).Models[0].Weights!.Sha256;
        File.WriteAllText(Folder.File($"artifacts/{sha[..2]}/{sha}"), "spoilt");
        await ResumeAndCheckAsync();
        Assert.Equal([("expert-0", 40)], Reopened());
    }

    [Fact]
    public async Task Lost_database_of_a_ready_run_costs_no_training()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run());
        await CrashAsync(() => File.Delete(Folder.File("state.db")));
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await CheckAsync();
        Assert.All(Reopened(), o => Assert.Equal(40, o.Step));
    }

    private static string WithoutKey(string payload)
    {
        JsonNode state = JsonNode.Parse(payload)!;
        if (state["Spec"] is { } stored)
        {
            JsonNode spec = JsonNode.Parse((string)stored!)!;
            Assert.True(spec["training"]!.AsObject().Remove("keepLast"));
            state["Spec"] = spec.ToJsonString();
        }

        return state.ToJsonString();
    }

    private IEnumerable<(string Role, int Step)> Reopened() => Runtime.Opened.Skip(3).OrderBy(o => o.Role, StringComparer.Ordinal);
}
