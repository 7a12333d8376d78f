using System.Runtime.CompilerServices;
using System.Security.Cryptography;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Specs;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos;

/// <summary>Silos of which not every one has the data.</summary>
public sealed class DataPlacementTests : IDisposable
{
    private static readonly RunSpec Spec = new()
    {
        Name = "r",
        Experts = new ExpertsSpec { Count = 3 },
        Training = new TrainingSpec { Steps = 40, Batch = 63, CheckpointSeconds = 0 },
    };

    private readonly RunFolder _folder = new();
    private readonly FakeRuntime _without = new();
    private readonly FakeRuntime _with = new();

    public void Dispose() => _folder.Dispose();

    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Models_train_where_the_data_is_and_the_run_need_not_be_there(bool missing)
    {
        if (missing)
        {
            _without.OnPrepare = (_, _) => throw new DatasetException("x", "is nowhere") { IsNotFound = true };
        }

        string database = await TestPostgres.InstalledAsync();
        await using ClusterSilo a = await StartAsync(database, _without, "a");
        await using ClusterSilo b = await StartAsync(database, _with, "b");
        IRunGrain run = b.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));
        if (!missing)
        {
            // The run knows its data from a silo of its own; then another one has data of the same name, but not the same.
            _with.BeforeStep = _without.BeforeStep = (_, step, stop) => step < 18 || stop.WaitHandle.WaitOne(1) & false;
            await run.SubmitAsync(SpecJson.Write(Spec));
            await UntilAsync(run, s => s.Models.Length == 4 && s.Models.All(m => m.Step == 18));
            await run.StopAsync();
            _without.Fingerprint = "other";
            _with.BeforeStep = _without.BeforeStep = (_, _, _) => true;
            _without.Opened.Clear();
            await run.ResumeAsync();
        }
        else
        {
            await run.SubmitAsync(SpecJson.Write(Spec));
        }

        RunStatus end = await UntilAsync(run, s => s.Phase == RunPhase.Ready);
        Assert.Empty(_without.Opened);
        Assert.Equal(
            ModelRole.Of(3).Select(role => Convert.ToHexStringLower(SHA256.HashData(FakeRuntime.ExpectedWeights(Spec, role)))),
            end.Models.Select(m => m.Weights!.Sha256));
    }

    [PostgresFact]
    public async Task Run_waits_for_data_that_no_silo_has_and_says_so()
    {
        _without.OnPrepare = (_, _) => throw new DatasetException("x", "is nowhere") { IsNotFound = true };
        string database = await TestPostgres.InstalledAsync();
        await using ClusterSilo a = await StartAsync(database, _without, "a");
        IRunGrain run = a.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));
        await run.SubmitAsync(SpecJson.Write(Spec));
        RunStatus waiting = await UntilAsync(run, s => s.Waiting is not null);
        Assert.Equal(RunPhase.Preparing, waiting.Phase);
        Assert.Contains("a silo with data", waiting.Waiting, StringComparison.Ordinal);
        Assert.Contains("a: x is nowhere", waiting.Waiting, StringComparison.Ordinal);

        await using ClusterSilo b = await StartAsync(database, _with, "b");
        RunStatus end = await UntilAsync(run, s => s.Phase == RunPhase.Ready);
        Assert.Null(end.Waiting);
        Assert.Empty(_without.Opened);
    }

    private static Task<RunStatus> UntilAsync(IRunGrain run, Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") => Until.SeenAsync(
        () => run.GetStatusAsync()!,
        status =>
        {
            Assert.NotEqual(RunPhase.Faulted, status.Phase);
            return holds(status);
        },
        what: what);

    private async Task<ClusterSilo> StartAsync(string database, FakeRuntime runtime, string name)
    {
        ClusterSilo silo = await ClusterSilo.StartAsync(
            new ClusterSiloOptions
            {
                Connection = database,
                Name = name,
                Folder = _folder,
                Slots = 2,
                Slice = TimeSpan.FromMilliseconds(50),
                LogLevel = LogLevel.None,
            },
            runtime);
        RunOptions settings = silo.Services.GetRequiredService<IOptions<RunOptions>>().Value;
        settings.PollPeriod = TimeSpan.FromMilliseconds(200);
        settings.SearchPeriod = TimeSpan.FromSeconds(1);
        return silo;
    }
}
