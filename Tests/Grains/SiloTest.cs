using System.Runtime.CompilerServices;
using System.Text;

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains;

/// <summary>A silo of its own for each test, with learning that needs no tensors.</summary>
public abstract class SiloTest : IAsyncLifetime
{
    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private protected RunFolder Folder { get; private set; } = new();

    private protected FakeRuntime Runtime { get; } = new();

    private protected EmbeddedSilo Silo { get; private set; } = null!;

    public virtual async Task InitializeAsync() => await StartSiloAsync();

    public virtual async Task DisposeAsync()
    {
        await Silo.DisposeAsync();
        Folder.Dispose();
    }

    private protected static RunSpec Spec(string name = "r", int experts = 2, ulong seed = 7) => new()
    {
        Name = name,
        Seed = seed,
        Experts = new ExpertsSpec { Count = experts },
        Model = new ModelSpec { ClassConditional = true },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 },
    };

    private protected static async Task<List<RunEvent>> WatchAsync(IRunGrain run, long after = 0, Func<RunEvent, bool>? until = null)
    {
        using var late = new CancellationTokenSource(Patience);
        var events = new List<RunEvent>();
        await foreach (RunEvent e in run.WatchAsync(after).WithBatchSize(1).WithCancellation(late.Token))
        {
            events.Add(e);
            if (until?.Invoke(e) == true)
            {
                break;
            }
        }

        return events;
    }

    private protected async Task StartSiloAsync() => Silo = await EmbeddedSilo.StartAsync(Options());

    /// <summary>
    /// As after kill -9 at this moment: a silo on a copy of the folder, which has seen no orderly end. The old one goes without touching it.
    /// </summary>
    /// <param name="spoil">What else happens to the files.</param>
    /// <param name="release">Lets go of what the old silo is held by, once its files are copied.</param>
    private protected async Task CrashAsync(Action? spoil = null, Action? release = null)
    {
        RunFolder old = Folder;
        Folder = old.Copy();
        release?.Invoke();
        await Silo.DisposeAsync();
        old.Dispose();
        spoil?.Invoke();
        await StartSiloAsync();
    }

    private protected EmbeddedSiloOptions Options() => new()
    {
        RunFolder = Folder,
        Learning = Runtime,
        Slots = 2,
        Slice = TimeSpan.FromMilliseconds(50),
        LogLevel = LogLevel.None,
    };

    /// <summary>The living silo's settings of runs.</summary>
    private protected RunOptions RunSettings => Silo.Services.GetRequiredService<IOptions<RunOptions>>().Value;

    private protected IRunGrain Run(string name = "r") => Silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));

    /// <summary>Lets every model train up to <paramref name="step"/> and then give up its slices, until <see cref="LetGo"/>.</summary>
    private protected void HoldAt(int step) => Runtime.BeforeStep = (_, at, cancellation) =>
    {
        if (at < step)
        {
            return true;
        }

        cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1));
        return false;
    };

    private protected void LetGo() => Runtime.BeforeStep = (_, _, _) => true;

    private protected async Task RestartAsync()
    {
        await Silo.DisposeAsync();
        await StartSiloAsync();
    }

    private protected async Task AllAtAsync(int step)
    {
        var reached = new HashSet<string?>();
        await WatchAsync(Run(), until: e => e.Kind == RunEventKind.Checkpoint && e.Step >= step && reached.Add(e.Role) && reached.Count == 3);
    }

    private protected async Task StopAtAsync(int step)
    {
        HoldAt(step);
        await Run().SubmitAsync(SpecJson.Write(Spec()));
        await AllAtAsync(step);
        RunStatus stopped = await Run().StopAsync();
        Assert.Equal(RunPhase.Stopped, stopped.Phase);
        Assert.All(stopped.Models, m => Assert.Equal((ModelPhase.Stopped, step, step), (m.Phase, m.Step, m.Checkpoints[^1].Step)));
        Assert.Equal(0, Runtime.OpenSessions);
    }

    private protected async Task<RunStatus> ResumeAndCheckAsync()
    {
        LetGo();
        await Run().ResumeAsync();
        return await CheckAsync();
    }

    private protected async Task<RunStatus> CheckAsync()
    {
        await WatchAsync(Run());
        RunStatus status = await Run().GetStatusAsync();
        Assert.Equal((RunPhase.Ready, (string?)null), (status.Phase, status.Message));
        Assert.All(status.Models, m => Assert.Equal(
            FakeRuntime.ExpectedWeights(Spec(), ModelRole.Parse(m.Role)), Silo.Artifacts.Read(m.Weights!.Sha256)));
        ModelMetrics[] metrics = await Run().GetMetricsAsync();
        Assert.All(metrics, m => Assert.Equal([10, 20, 30, 40], m.Points.Select(p => p.Step)));
        return status;
    }

    /// <summary>Changes the JSON of every grain state in the stopped silo's database.</summary>
    private protected void RewriteStates(Func<string, string> change)
    {
        using var database = new SqliteConnection($"Data Source={Folder.File("state.db")};Pooling=False");
        database.Open();
        database.CreateFunction("change", (byte[] payload) => Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(payload))));
        using SqliteCommand update = database.CreateCommand();
        update.CommandText = "UPDATE GrainState SET PayloadBinary = change(PayloadBinary) WHERE PayloadBinary IS NOT NULL";
        Assert.InRange(update.ExecuteNonQuery(), 1, 4);
    }

    /// <summary>Runs a statement on the living silo's database.</summary>
    private protected void Execute(string statement)
    {
        using var database = new SqliteConnection($"Data Source={Folder.File("state.db")};Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    /// <summary>From now on nothing can be stored.</summary>
    private protected void LoseDatabase() => Execute(
        "CREATE TRIGGER away1 BEFORE UPDATE ON GrainState BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END;"
        + "CREATE TRIGGER away2 BEFORE INSERT ON GrainState BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");

    private protected void BringDatabaseBack() => Execute("DROP TRIGGER away1; DROP TRIGGER away2");

    /// <summary>Asks for the status until it is as wanted.</summary>
    private protected Task<RunStatus> UntilAsync(Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") =>
        Until.SeenAsync<RunStatus>(async () => await Run().GetStatusAsync(), holds, Patience, what);
}
