using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Web;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;

namespace OrleansDDM.Tests.Silos.Web;

/// <summary>An embedded silo that serves its pages, on a folder of its own.</summary>
internal sealed class WebSilo : IAsyncDisposable
{
    private WebSilo(EmbeddedSilo silo, RunFolder folder) => (Silo, Folder) = (silo, folder);

    public EmbeddedSilo Silo { get; }

    public RunFolder Folder { get; }

    public string Url => Silo.HttpUrl!;

    public static async Task<WebSilo> StartAsync(ILearningRuntime runtime, WebUrl? url = null, int slots = 2, TimeProvider? clock = null)
    {
        var folder = new RunFolder();
        var options = new EmbeddedSiloOptions
        {
            RunFolder = folder,
            Learning = runtime,
            Slots = slots,
            Slice = TimeSpan.FromMilliseconds(50),
            WebUrl = url ?? WebUrl.Local,
            LogLevel = LogLevel.None,
            Clock = clock ?? TimeProvider.System,
        };
        return new WebSilo(await EmbeddedSilo.StartAsync(options), folder);
    }

    public static RunSpec Spec(string name, int experts = 2) => new()
    {
        Name = name,
        Experts = new ExpertsSpec { Count = experts },
        Training = new TrainingSpec { Steps = 40, CheckpointSeconds = 0 },
    };

    public IRunGrain Run(string name) => Silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(name));

    public Task SubmitAsync(RunSpec spec) => Run(spec.Name).SubmitAsync(SpecJson.Write(spec));

    /// <summary>Waits until a run has settled.</summary>
    public async Task<RunStatus> SettledAsync(string name)
    {
        using var late = new CancellationTokenSource(OpenPage.Patience);
        await foreach (RunEvent e in Run(name).WatchAsync().WithCancellation(late.Token))
        {
            _ = e;
        }

        return await Run(name).GetStatusAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Silo.DisposeAsync();
        Folder.Dispose();
    }
}
