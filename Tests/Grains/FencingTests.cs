using System.Collections.Concurrent;
using System.Globalization;

using Microsoft.Data.Sqlite;

using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>Activations that have been superseded leave no effect.</summary>
public sealed class FencingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly RunSpec Spec = new()
    {
        Name = "r",
        Experts = new ExpertsSpec { Count = 2 },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 },
    };

    private readonly RunFolder _folder = new();

    public void Dispose()
    {
        SqliteSchema.Close(_folder.File("state.db"));
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Zombie_that_computes_while_another_takes_over_leaves_no_effect(bool diverges)
    {
        using var gate = new ManualResetEventSlim();
        using var inside = new CountdownEvent(2);
        var frozen = new FakeRuntime
        {
            // As a frozen process: no token reaches it.
            BeforeStep = (role, step, _) =>
            {
                if (step == 18 && !role.IsRouter)
                {
                    inside.Signal();
                    gate.Wait(Patience);
                    return diverges ? throw new TrainingDivergedException("The loss is NaN.") : true;
                }

                return true;
            },
        };
        await using SharedSilo old = await SharedSilo.StartAsync(_folder, frozen, "old");
        await using SharedSilo taker = await SharedSilo.StartAsync(_folder, new FakeRuntime(), "taker");
        old.RunSettings.PollPeriod = TimeSpan.FromMilliseconds(50);
        await old.Run().SubmitAsync(SpecJson.Write(Spec));
        Assert.True(inside.Wait(Patience));
        var seen = new ConcurrentQueue<RunEvent>();
        Task watch = WatchAsync(old.Run(), seen);

        RunStatus resumed = await ResumeAsync(taker.Run());
        Assert.Equal(2, resumed.Term);
        await WatchAsync(taker.Run(), []);
        RunStatus end = await taker.Run().GetStatusAsync();
        Assert.Equal(RunPhase.Ready, end.Phase);
        string[] rows = Rows();
        long told = seen.Select(e => e.Number).DefaultIfEmpty(0).Max();

        gate.Set();
        await Until.HoldsAsync(() => frozen.OpenSessions == 0);
        await Until.SeenAsync(() => FreshAsync(old), s => s.Phase == RunPhase.Ready);
        await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.Equal(rows, Rows());
        Assert.DoesNotContain(seen, e => e.Number > told && e.Term < 2);
        RunStatus after = await old.Run().GetStatusAsync();
        Assert.Equal((end.Term, end.LastEvent, end.Message), (after.Term, after.LastEvent, after.Message));
        Assert.Equal(end.Models.Select(m => (m.Term, m.Weights, m.Checkpoints.Length)), after.Models.Select(m => (m.Term, m.Weights, m.Checkpoints.Length)));
        Assert.Equal(
            ModelRole.Of(2).Select(role => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(FakeRuntime.ExpectedWeights(Spec, role)))),
            after.Models.Select(m => m.Weights!.Sha256));
    }

    [Fact]
    public async Task Report_to_an_activation_that_does_not_drive_the_run_takes_nothing_from_the_one_that_does()
    {
        using var gate = new ManualResetEventSlim();

        // Waits outside the slot: the others that train on it must get as far.
        var runtime = new FakeRuntime { BeforeStep = (_, step, stop) => step < 18 || gate.Wait(1, stop) };
        await using SharedSilo driver = await SharedSilo.StartAsync(_folder, runtime, "driver");
        await using SharedSilo other = await SharedSilo.StartAsync(_folder, new FakeRuntime(), "other");
        await driver.Run().SubmitAsync(SpecJson.Write(Spec));
        await Until.HoldsAsync(async () => (await driver.Run().GetStatusAsync()).Models.All(m => m.Checkpoints is [.., { Step: 18 }]));
        RunStatus seen = await other.Run().GetStatusAsync();
        Assert.Equal(RunPhase.Training, seen.Phase);
        string[] rows = Rows();

        // The term is right: nothing else tells that the report has come to the wrong one.
        await other.Run().ReportAsync(new ModelReport(SpecJson.Hash(Spec), seen.Models[0] with { Phase = ModelPhase.Stopped }, seen.Models[0].Checkpoints[0], []));
        Assert.Equal(rows, Rows());
        gate.Set();
        await WatchAsync(driver.Run(), []);
        RunStatus end = await driver.Run().GetStatusAsync();
        Assert.Equal((RunPhase.Ready, 1), (end.Phase, end.Term));
    }

    [Fact]
    public async Task Checkpoint_that_a_superseded_activation_wrote_is_not_gone_on_from()
    {
        var runtime = new FakeRuntime { BeforeStep = (_, step, stop) => step < 18 || stop.WaitHandle.WaitOne(1) & false };
        CheckpointReference at18;
        await using (SharedSilo first = await SharedSilo.StartAsync(_folder, runtime, "first"))
        {
            await first.Run().SubmitAsync(SpecJson.Write(Spec));
            await Until.HoldsAsync(async () => (await first.Run().GetStatusAsync()).Models.All(m => m.Checkpoints is [.., { Step: 18 }]));
            await first.Run().StopAsync();
            await first.Run().ResumeAsync();
            await Until.HoldsAsync(async () => (await first.Run().GetStatusAsync()).Models.All(m => m.Term == 2));
            await first.Run().StopAsync();
            at18 = (await first.Run().GetStatusAsync()).Models[0].Checkpoints[^1];
        }

        // The first activation, which had term 1, wakes and writes what it has computed.
        var artifacts = new FolderArtifactStore(_folder, Microsoft.Extensions.Logging.Abstractions.NullLogger<FolderArtifactStore>.Instance);
        byte[] bytes = artifacts.Read(at18.Artifact.Sha256);
        string later = System.Text.Encoding.UTF8.GetString(bytes).Replace("\"Step\":18,\"Value\":", "\"Step\":22,\"Value\":", StringComparison.Ordinal);
        artifacts.Put(System.Text.Encoding.UTF8.GetBytes(later), a => new CheckpointIndex(_folder).Append(
            "r", "expert-0", new CheckpointRecord(SpecJson.Hash(Spec), 22, 1, a.Sha256, a.Bytes, null)));

        runtime.BeforeStep = (_, _, _) => true;
        await using SharedSilo next = await SharedSilo.StartAsync(_folder, runtime, "next");
        await next.Run().ResumeAsync();
        await WatchAsync(next.Run(), []);
        Assert.Equal([18, 18, 18], runtime.Opened.TakeLast(3).Select(o => o.Step));
    }

    [Fact]
    public async Task Model_of_the_same_spec_with_other_data_starts_anew()
    {
        var runtime = new FakeRuntime { BeforeStep = (_, step, stop) => step < 18 || stop.WaitHandle.WaitOne(1) & false };
        await using SharedSilo silo = await SharedSilo.StartAsync(_folder, runtime, "a");
        IExpertGrain model = silo.Client.GetGrain<IExpertGrain>(GrainKeys.Model("r", "expert-0"));
        var start = new ModelStart(SpecJson.Canonical(Spec), SpecJson.Hash(Spec), 5, Retry: false, "data");
        await model.StartAsync(start);
        await Until.HoldsAsync(async () => (await model.GetStatusAsync()).Checkpoints is [.., { Step: 18 }]);
        await model.StopAsync(5);

        // What its state does not say is as before.
        await model.StartAsync(start with { RunTerm = 6, Fingerprint = string.Empty });
        await Until.HoldsAsync(() => runtime.OpenSessions == 1);
        await model.StopAsync(6);
        runtime.Fingerprint = "other";
        await model.StartAsync(start with { RunTerm = 7, Fingerprint = "other" });
        await Until.HoldsAsync(async () => (await model.GetStatusAsync()).Checkpoints is [.., { Step: 18, Term: 3 }]);
        await model.StopAsync(7);
        Assert.Equal([0, 18, 0], runtime.Opened.Select(o => o.Step));
    }

    [Fact]
    public async Task Late_start_does_not_revive_a_stopped_model()
    {
        var runtime = new FakeRuntime { BeforeStep = (_, _, stop) => stop.WaitHandle.WaitOne(1) & false };
        await using SharedSilo silo = await SharedSilo.StartAsync(_folder, runtime, "a");
        IExpertGrain model = silo.Client.GetGrain<IExpertGrain>(GrainKeys.Model("r", "expert-0"));
        var start = new ModelStart(SpecJson.Canonical(Spec), SpecJson.Hash(Spec), 5, Retry: false);
        await model.StartAsync(start);
        await Until.HoldsAsync(() => runtime.OpenSessions == 1);
        Assert.Equal(ModelPhase.Stopped, (await model.StopAsync(5)).Phase);
        StaleTermException late = await Assert.ThrowsAsync<StaleTermException>(() => model.StartAsync(start));
        Assert.Equal(5, late.Current);
        await Assert.ThrowsAsync<StaleTermException>(() => model.StopAsync(4));
        Assert.Equal(0, runtime.OpenSessions);
        Assert.Equal(ModelPhase.Training, (await model.StartAsync(start with { RunTerm = 6 })).Phase);
        await Until.HoldsAsync(() => runtime.OpenSessions == 1);
        await model.StopAsync(6);
        Assert.Equal(2, runtime.Opened.Count);
    }

    [Fact]
    public async Task Run_whose_models_have_seen_a_higher_term_goes_on_above_it_if_it_owns_its_row()
    {
        var runtime = new FakeRuntime();
        await using SharedSilo silo = await SharedSilo.StartAsync(_folder, runtime, "a");
        IExpertGrain model = silo.Client.GetGrain<IExpertGrain>(GrainKeys.Model("r", "expert-0"));
        runtime.BeforeStep = (_, _, stop) => stop.WaitHandle.WaitOne(1) & false;
        await model.StartAsync(new ModelStart(SpecJson.Canonical(Spec), SpecJson.Hash(Spec), 7, Retry: false));
        await model.StopAsync(7);
        runtime.BeforeStep = (_, _, _) => true;

        // As after a database that was set back: the run's row is lost, the model's is not.
        await silo.Run().SubmitAsync(SpecJson.Write(Spec));
        await WatchAsync(silo.Run(), []);
        RunStatus status = await silo.Run().GetStatusAsync();
        Assert.Equal((RunPhase.Ready, 8), (status.Phase, status.Term));
    }

    private static async Task WatchAsync(IRunGrain run, ConcurrentQueue<RunEvent> seen)
    {
        using var late = new CancellationTokenSource(Patience);
        await foreach (RunEvent e in run.WatchAsync().WithBatchSize(1).WithCancellation(late.Token))
        {
            seen.Enqueue(e);
        }
    }

    // An activation that drives nothing shows what it read when it came into being.
    private static async Task<RunStatus?> FreshAsync(SharedSilo silo)
    {
        await silo.Client.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);
        return await silo.Run().GetStatusAsync();
    }

    // The other side may write once more between the read of the row and its take-over.
    private static async Task<RunStatus> ResumeAsync(IRunGrain run)
    {
        while (true)
        {
            try
            {
                return await run.ResumeAsync();
            }
            catch (InconsistentStateException)
            {
                await Task.Delay(10);
            }
        }
    }

    /// <summary>Every state as it lies in the database.</summary>
    private string[] Rows()
    {
        using var database = new SqliteConnection($"Data Source={_folder.File("state.db")};Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = "SELECT GrainIdExtensionString, Version, CAST(PayloadBinary AS TEXT) FROM GrainState ORDER BY 1";
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Create(CultureInfo.InvariantCulture, $"{reader.GetString(0)} {reader.GetInt64(1)} {reader.GetString(2)}"));
        }

        return [.. rows];
    }
}
