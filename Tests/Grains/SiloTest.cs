using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

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
}
