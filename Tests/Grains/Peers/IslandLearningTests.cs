using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Islands that train real networks on shapes, in one silo.</summary>
public sealed class IslandLearningTests
{
    private static readonly ModelSpec Dit = new() { Width = 16, Depth = 1, Heads = 2 };

    [Fact]
    public async Task Island_learns_what_its_peers_hold_together_and_the_ensemble_is_sampled()
    {
        using var folder = new RunFolder();
        await using EmbeddedSilo silo = await StartAsync(folder);
        RunStatus together = await RunAsync(silo, Spec("together", new IslandsSpec
        {
            Peers = 6,
            Shards = "label-sorted",
            ClassesPerPeer = 2,
            LocalSteps = 8,
            SampleSize = 3,
            MinSamples = 4,
            Batch = 4,
        }));
        RunStatus alone = await RunAsync(silo, Spec("alone", new IslandsSpec { Peers = 6, Protocol = "isolated", Shards = "label-sorted", ClassesPerPeer = 2 }));

        Assert.All(together.Models, m => Assert.Equal((m.Island!.Rounds, 0), (m.Island.Round, m.Island.Unreachable)));
        Assert.All(alone.Models, m => Assert.Null(m.Island));
        double[] losses = [.. new[] { together, alone }.Select(s => s.Models.SkipLast(1).Average(m => m.ValidationLoss!.Value))];
        Assert.True(losses[0] < losses[1], $"{losses[0]} of the islands, {losses[1]} of single peers");

        SampleResult? samples = null;
        await foreach (SampleProgress progress in silo.Client.GetGrain<ISamplerGrain>(GrainKeys.Sample("s"))
            .SampleAsync(new SampleRequest { Run = "together", Count = 4, Seed = 1 }))
        {
            samples = progress.Result ?? samples;
        }

        Assert.Equal(4 * 64, samples!.Values.Length);
        Assert.All(samples.Values, v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public async Task Island_of_one_peer_that_holds_everything_is_training_in_one_place_bit_for_bit()
    {
        using var folder = new RunFolder();
        await using EmbeddedSilo silo = await StartAsync(folder);
        RunStatus plain = await RunAsync(silo, Spec("plain", new IslandsSpec()));
        RunStatus island = await RunAsync(silo, Spec("island", new IslandsSpec { Peers = 1, Protocol = "isolated" }));
        foreach ((ModelStatus one, ModelStatus other) in plain.Models.Zip(island.Models))
        {
            Assert.Equal(Tensors(silo, one), Tensors(silo, other));
        }
    }

    private static string[] Tensors(EmbeddedSilo silo, ModelStatus model) =>
        [.. SafetensorsReader.Read(silo.Artifacts.Read(model.Weights!.Sha256)).Entries
            .Select(e => $"{e.Name} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(e.ToFloats())))}")];

    private static RunSpec Spec(string name, IslandsSpec islands) => new()
    {
        Name = name,
        Seed = 5,
        Data = new DataSpec { Name = "shapes", ShapesSize = 8, ShapesCount = 600 },
        Clustering = new ClusteringSpec { Dimensions = 4, FineCentroids = 8 },
        Experts = new ExpertsSpec { Count = 2 },
        Model = Dit,
        Router = new RouterSpec { Model = Dit, StepShare = 0.5, Batch = 16, LearningRate = 3e-3 },
        Training = new TrainingSpec { Steps = 400, Batch = 32, Warmup = 5, Validations = 2, LearningRate = 3e-3 },
        Islands = islands,
        Sampling = new SamplingSpec { Steps = 4 },
    };

    private static Task<EmbeddedSilo> StartAsync(RunFolder folder) => EmbeddedSilo.StartAsync(new EmbeddedSiloOptions
    {
        RunFolder = folder,
        Learning = new LearningRuntime(DatasetCatalog.Default([])),
        Slots = 2,
        LogLevel = LogLevel.None,
    });

    private static async Task<RunStatus> RunAsync(EmbeddedSilo silo, RunSpec spec)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        IRunGrain run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(spec.Name));
        await run.SubmitAsync(SpecJson.Write(spec));
        await foreach (RunEvent _ in run.WatchAsync(0).WithCancellation(late.Token))
        {
        }

        RunStatus status = await run.GetStatusAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        return status;
    }
}
