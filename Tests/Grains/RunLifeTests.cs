using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class RunLifeTests : SiloTest
{
    [Fact]
    public async Task Submitted_run_ends_ready_with_the_weights_of_every_model()
    {
        RunSpec spec = Spec();
        SubmitReply reply = await Run().SubmitAsync(SpecJson.Write(spec));
        Assert.False(reply.Attached);

        List<RunEvent> events = await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();

        Assert.Equal(RunPhase.Ready, status.Phase);
        Assert.Equal(["expert-0", "expert-1", "router"], status.Models.Select(m => m.Role));
        foreach (ModelStatus model in status.Models)
        {
            Assert.Equal(ModelPhase.Done, model.Phase);
            Assert.Equal(spec.Training.Steps, model.Step);
            Assert.Equal(2, model.Checkpoints.Length);
            Assert.Equal(1.0 / 40, model.ValidationLoss);
            Assert.Equal(1.0 / 40, model.Best!.ValidationLoss);
            Assert.Equal(FakeRuntime.ExpectedWeights(spec, ModelRole.Parse(model.Role)), Silo.Artifacts.Read(model.Weights!.Sha256));
        }

        RunEvent[] durable = [.. events.Where(e => e.Kind != RunEventKind.Telemetry)];
        Assert.Equal(Enumerable.Range(1, durable.Length).Select(n => (long)n), durable.Select(e => e.Number));
        Assert.Equal([RunPhase.Preparing, RunPhase.Training, RunPhase.Ready], durable.Where(e => e.Kind == RunEventKind.Phase).Select(e => e.Phase));
        Assert.Equal(3, durable.Count(e => e.Kind == RunEventKind.Done));
        Assert.Equal(3 * 12, durable.Count(e => e.Kind == RunEventKind.Checkpoint));
        ModelMetrics[] metrics = await Run().GetMetricsAsync();
        Assert.All(metrics, m => Assert.Equal([10, 20, 30, 40], m.Points.Select(p => p.Step)));
    }

    [Fact]
    public async Task All_work_runs_on_slot_threads_and_sessions_are_closed()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run());
        Assert.All(Runtime.WorkThreads, t => Assert.StartsWith("slot-", t, StringComparison.Ordinal));
        Assert.Equal(0, Runtime.OpenSessions);
        Assert.Equal(["slot-0", "slot-1"], Runtime.Entered.Select(e => e.Thread).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Only_kept_artifacts_stay_on_disk()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        IEnumerable<string> kept = status.Models.SelectMany(m => m.Checkpoints.Append(m.Best!).Select(c => c.Artifact).Append(m.Weights!)).Select(a => a.Sha256);
        IEnumerable<string?> found = Directory.EnumerateFiles(Folder.File("artifacts"), "*", SearchOption.AllDirectories).Select(Path.GetFileName);
        Assert.Equal(kept.Distinct().Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task One_expert_has_no_router()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec(experts: 1)));
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal(RunPhase.Ready, status.Phase);
        Assert.Equal("expert-0", Assert.Single(status.Models).Role);
    }

    [Fact]
    public async Task Experts_train_at_the_same_time()
    {
        // Each expert waits in its first step until the other one is in its own: one after the other would never end.
        using var together = new Barrier(2);
        Runtime.BeforeStep = (role, step, cancellation) =>
            step != 0 || role.IsRouter || together.SignalAndWait(Patience, cancellation);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run());
        Assert.Equal(RunPhase.Ready, (await Run().GetStatusAsync()).Phase);
    }

    [Fact]
    public async Task Same_spec_attaches_and_another_one_is_refused_without_force()
    {
        HoldAt(4);
        SubmitReply first = await Run().SubmitAsync(SpecJson.Write(Spec()));
        SubmitReply again = await Run().SubmitAsync(SpecJson.Canonical(Spec()));
        Assert.True(again.Attached);
        Assert.Equal(first.Status.Term, again.Status.Term);

        RunConflictException e = await Assert.ThrowsAsync<RunConflictException>(() => Run().SubmitAsync(SpecJson.Write(Spec(seed: 8))));
        Assert.Contains("--force", e.Message, StringComparison.Ordinal);

        LetGo();
        SubmitReply forced = await Run().SubmitAsync(SpecJson.Write(Spec(seed: 8)), force: true);
        Assert.False(forced.Attached);
        await WatchAsync(Run(), forced.Status.LastEvent);
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal(RunPhase.Ready, status.Phase);
        Assert.Equal(FakeRuntime.ExpectedWeights(Spec(seed: 8), ModelRole.Expert(1)), Silo.Artifacts.Read(status.Models[1].Weights!.Sha256));
    }

    [Fact]
    public async Task Bad_spec_and_foreign_name_are_refused()
    {
        BadRequestException bad = await Assert.ThrowsAsync<BadRequestException>(() => Run().SubmitAsync("""{"name":"r","training":{"steps":-1}}"""));
        Assert.Contains("training.steps", bad.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<BadRequestException>(() => Run().SubmitAsync(SpecJson.Write(Spec("other"))));
        foreach (string? none in (string?[])[null, string.Empty])
        {
            Assert.Contains("missing", (await Assert.ThrowsAsync<BadRequestException>(() => Run().SubmitAsync(none!))).Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<RunNotFoundException>(() => Run().ResumeAsync());
        Assert.Equal(RunPhase.None, (await Run().GetStatusAsync()).Phase);
        Assert.Empty(await WatchAsync(Run()));
    }

    [Fact]
    public async Task Status_answers_while_both_slots_are_busy()
    {
        Runtime.BeforeStep = (_, _, cancellation) => !cancellation.WaitHandle.WaitOne(Patience);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run(), until: e => e.Phase == RunPhase.Training);
        RunStatus status = await Run().GetStatusAsync().WaitAsync(Patience);
        Assert.Equal(RunPhase.Training, status.Phase);
        Assert.Equal(RunPhase.Stopped, (await Run().StopAsync()).Phase);
    }

    [Fact]
    public async Task Watch_goes_on_from_a_number()
    {
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        RunEvent[] all = [.. (await WatchAsync(Run())).Where(e => e.Number > 0)];
        List<RunEvent> rest = await WatchAsync(Run(), after: all[4].Number);
        Assert.Equal(all[5..].Select(e => (e.Term, e.Number, e.Kind)), rest.Select(e => (e.Term, e.Number, e.Kind)));
        Assert.Empty(await WatchAsync(Run(), after: all[^1].Number));
        Assert.Equal(all.Length, (await WatchAsync(Run(), after: 1_000_000)).Count);
    }

    [Fact]
    public async Task Diverged_model_faults_the_run_with_a_mend_and_stops_the_others()
    {
        Runtime.BeforeStep = (role, step, cancellation) =>
        {
            if (role == ModelRole.Expert(1) && step == 10)
            {
                throw new TrainingDivergedException("The loss of step 10 is NaN.");
            }

            return role == ModelRole.Expert(1) || step < 20 || cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1));
        };
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        List<RunEvent> events = await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal(RunPhase.Faulted, status.Phase);
        Assert.Contains("expert-1 diverged: The loss of step 10 is NaN.", status.Message, StringComparison.Ordinal);
        Assert.Contains("training.learningRate", status.Message, StringComparison.Ordinal);
        Assert.Equal("expert-1", Assert.Single(events, e => e.Kind == RunEventKind.Fault).Role);
        Assert.Equal([ModelPhase.Stopped, ModelPhase.Faulted, ModelPhase.Stopped], status.Models.Select(m => m.Phase));
        Assert.Equal(0, Runtime.OpenSessions);

        LetGo();
        await Run().ResumeAsync();
        await WatchAsync(Run(), status.LastEvent);
        Assert.Equal(RunPhase.Ready, (await Run().GetStatusAsync()).Phase);
        Assert.Equal(10, Runtime.Opened.Last(o => o.Role == "expert-1").Step);
    }

    [Fact]
    public async Task Data_that_cannot_be_prepared_faults_the_run()
    {
        Runtime.OnPrepare = (_, _) => throw new FileNotFoundException("No data set 'x'.");
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal(RunPhase.Faulted, status.Phase);
        Assert.Contains("No data set 'x'.", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_stops_while_it_prepares()
    {
        using var preparing = new ManualResetEventSlim();
        Runtime.OnPrepare = (_, cancellation) =>
        {
            preparing.Set();
            cancellation.WaitHandle.WaitOne(Patience);
            cancellation.ThrowIfCancellationRequested();
        };
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        Assert.True(preparing.Wait(Patience));
        Assert.Equal(RunPhase.Stopped, (await Run().StopAsync()).Phase);
        Runtime.OnPrepare = (_, _) => { };
        await Run().ResumeAsync();
        await WatchAsync(Run());
        Assert.Equal(RunPhase.Ready, (await Run().GetStatusAsync()).Phase);
    }
}
