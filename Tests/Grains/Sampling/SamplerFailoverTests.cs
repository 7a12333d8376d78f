using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.TestingHost;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Sampling;

/// <summary>Three silos in this process, of which one goes in the middle of an image.</summary>
public sealed class SamplerFailoverTests : IAsyncLifetime, IArtifactRoots
{
    private const int Experts = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly RunFolder _folder = new();
    private readonly Dictionary<string, FakeRuntime> _runtimes = [];
    private readonly Dictionary<string, HashSet<string>> _evaluated = [];
    private InProcessTestCluster _cluster = null!;

    private IRunGrain Run => _cluster.Client.GetGrain<IRunGrain>(GrainKeys.Run("r"));

    private static SampleRequest Request => new() { Run = "r", Count = 3, Seed = 7, Steps = 12, Mixing = "full" };

    public async Task InitializeAsync()
    {
        string database = _folder.File("state.db");
        SqliteSchema.Install(database, NullLogger.Instance);
        var builder = new InProcessTestClusterBuilder(3);
        builder.ConfigureSilo((options, silo) =>
        {
            string name = options.SiloName;
            var runtime = new FakeRuntime { BeforePredict = role => Note(name, role) };
            lock (_runtimes)
            {
                _runtimes[name] = runtime;
                _evaluated[name] = [];
            }

            silo.AddAdoNetGrainStorage(StorageNames.Provider, o => (o.Invariant, o.ConnectionString) = ("System.Data.SQLite", SqliteSchema.ConnectionString(database)));
            silo.Services.AddSingleton<ILearningRuntime>(runtime);
            silo.Services.AddSingleton<IArtifactRoots>(this);
            silo.AddDdmGrains(_folder.File(name), d => (d.Slots, d.Slice) = (2, TimeSpan.FromMilliseconds(50)));
        });
        builder.ConfigureSiloHost((_, host) => host.Logging.ClearProviders());
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        var spec = new RunSpec
        {
            Name = "r",
            Experts = new ExpertsSpec { Count = Experts },
            Training = new TrainingSpec { Steps = 8, CheckpointSeconds = 0 },
        };
        await Run.SubmitAsync(SpecJson.Write(spec));
        using var late = new CancellationTokenSource(Patience);
        await foreach (RunEvent e in Run.WatchAsync().WithCancellation(late.Token))
        {
            Assert.NotEqual(RunEventKind.Fault, e.Kind);
        }

        Assert.Equal(RunPhase.Ready, (await Run.GetStatusAsync()).Phase);
    }

    public async Task DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        SqliteSchema.Close(_folder.File("state.db"));
        _folder.Dispose();
    }

    public Task<IReadOnlySet<string>?> ReadAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlySet<string>?>(null);

    [Fact]
    public async Task Expert_whose_silo_goes_in_mid_image_is_evaluated_elsewhere_and_no_bit_changes()
    {
        float[] undisturbed = (await SampleAsync(Request)).Values;
        string home = OwnerOf("router");
        InProcessSiloHandle victim = _cluster.Silos.First(s => s.SiloAddress is not null && s.Name != home && _evaluated[s.Name].Count > 0);
        string[] moved = [.. _evaluated[victim.Name]];
        Assert.All(moved, role => Assert.StartsWith("expert-", role, StringComparison.Ordinal));

        using var midway = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        int steps = 0;
        _runtimes[home].BeforePredict = role =>
        {
            Note(home, role);
            if (role.IsRouter && Interlocked.Increment(ref steps) == 6)
            {
                midway.Set();
                goOn.Wait(Patience);
            }
        };
        foreach (HashSet<string> known in _evaluated.Values)
        {
            known.Clear();
        }

        // The sampler is where the router is, so that the image goes on with it.
        RequestContext.Set(IPlacementDirector.PlacementHintKey, _cluster.Silos.First(s => s.Name == home).SiloAddress);
        Task<SampleResult> sampling = SampleAsync(Request);
        Assert.True(await Task.Run(() => midway.Wait(Patience)));
        Assert.Equal(moved.Order(StringComparer.Ordinal), _evaluated[victim.Name].Order(StringComparer.Ordinal));
        await _cluster.StopSiloAsync(victim);
        goOn.Set();
        SampleResult result = await sampling.WaitAsync(Patience);
        Assert.Equal(12, steps);
        Assert.Equal(undisturbed, result.Values);
        Assert.Empty(result.Failed);
        Assert.All(moved, role => Assert.Contains(_evaluated, s => s.Key != victim.Name && s.Value.Contains(role)));
    }

    [Fact]
    public async Task Expert_that_nobody_can_evaluate_is_left_out_only_where_that_is_allowed_and_it_is_told()
    {
        float[] whole = (await SampleAsync(Request)).Values;
        string sha = (await Run.GetStatusAsync()).Models[1].Weights!.Sha256;
        int steps = 0;
        foreach (FakeRuntime runtime in _runtimes.Values)
        {
            runtime.BeforePredict = role =>
            {
                if (role.IsRouter)
                {
                    Interlocked.Increment(ref steps);
                }

                if (role == ModelRole.Expert(1) && Volatile.Read(ref steps) >= 12 + 6)
                {
                    throw new ArtifactException($"Artifact {sha} is missing.");
                }
            };
        }

        Assert.Equal(whole, (await SampleAsync(Request with { Fallback = true })).Values);
        SampleResult result = await SampleAsync(Request with { Fallback = true });
        Assert.Equal([1], result.Failed);
        Assert.NotEqual(whole, result.Values);
        Assert.Equal(0.25, result.ExpertUse[4][1], 1e-6);
        Assert.Equal(0, result.ExpertUse[5][1]);
        Assert.All(new[] { 0, 2, 3 }, k => Assert.Equal(1.0 / 3, result.ExpertUse[^1][k], 1e-6));
        ArtifactException e = await Assert.ThrowsAsync<ArtifactException>(() => SampleAsync(Request));
        Assert.Contains("missing", e.Message, StringComparison.Ordinal);
    }

    private string OwnerOf(string role) => _evaluated.Single(s => s.Value.Contains(role)).Key;

    private void Note(string silo, ModelRole role)
    {
        lock (_runtimes)
        {
            _evaluated[silo].Add(role.ToString());
        }
    }

    private async Task<SampleResult> SampleAsync(SampleRequest request)
    {
        using var late = new CancellationTokenSource(Patience);
        SampleResult? result = null;
        ISamplerGrain sampler = _cluster.Client.GetGrain<ISamplerGrain>(GrainKeys.Sample(Guid.NewGuid().ToString("N")));
        await foreach (SampleProgress p in sampler.SampleAsync(request).WithCancellation(late.Token))
        {
            result = p.Result ?? result;
        }

        return result!;
    }
}
