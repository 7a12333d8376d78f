using Microsoft.Extensions.DependencyInjection;

using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Protocols.Compression;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Two silos in this process, each with a folder of its own, whose peers train real networks and send each other compressed models.</summary>
public sealed class IslandCompressionTests : IAsyncLifetime
{
    private static readonly ModelSpec Dit = new() { Width = 16, Depth = 1, Heads = 2 };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RunFolder _folder = new();
    private IslandCluster _cluster = null!;
    private long _parameters;

    public async Task InitializeAsync()
    {
        var learning = new LearningRuntime(DatasetCatalog.Default([]));
        _cluster = await IslandCluster.StartAsync(_folder, 2, _ => learning);
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Compressed_islands_learn_as_whole_ones_do_and_send_what_the_formula_says()
    {
        (double plain, PeerCounts whole) = await RunAsync("modest", "none");
        Assert.Equal(whole.WholeBytes, whole.ModelBytes);
        foreach (string kind in IslandsSpec.Compressions.Skip(1))
        {
            (double loss, PeerCounts counts) = await RunAsync("modest", kind);
            Assert.InRange(loss, 0.5 * plain, 1.15 * plain);

            // Trained models are small, aggregates whole: some number of each makes up the sum.
            long each = counts.WholeBytes / counts.ModelsReceived, saved = each - Small(kind);
            Assert.Equal(0, counts.WholeBytes % counts.ModelsReceived);
            Assert.Equal(0, (counts.WholeBytes - counts.ModelBytes) % saved);
            Assert.InRange((double)(counts.WholeBytes - counts.ModelBytes) / saved / counts.ModelsReceived, 0.3, 0.7);
        }

        // Where peers send each other trained models alone, every one is small.
        (_, PeerCounts all) = await RunAsync("dpsgd", "int8");
        Assert.Equal(all.ModelsReceived * Small("int8"), all.ModelBytes);
        Assert.InRange((double)all.WholeBytes / all.ModelBytes, 3.8, 5);

        // Between the silos they went as artifacts, and how fast is known.
        TransferRates[] rates = [.. _cluster.Silos.Silos.Select(s => s.ServiceProvider.GetRequiredService<TransferRates>())];
        Assert.NotNull(rates[0].From(_cluster.Silos.Silos[1].SiloAddress));
        Assert.NotNull(rates[1].From(_cluster.Silos.Silos[0].SiloAddress));
    }

    private long Small(string kind) => UpdateCodec.EncodedBytes((int)_parameters, UpdatePacking.Options(new IslandsSpec { Compression = kind }));

    private static RunSpec Spec(string protocol, string compression) => new()
    {
        Name = $"{protocol}-{compression}",
        Seed = 5,
        Data = new DataSpec { Name = "shapes", ShapesSize = 8, ShapesCount = 400 },
        Clustering = new ClusteringSpec { Dimensions = 4, FineCentroids = 8 },
        Experts = new ExpertsSpec { Count = 2 },
        Model = Dit,
        Router = new RouterSpec { Model = Dit, StepShare = 0.1, Batch = 16 },
        Training = new TrainingSpec { Steps = 300, Batch = 32, Warmup = 5, Validations = 2, LearningRate = 3e-3 },
        Islands = new IslandsSpec
        {
            Peers = 6,
            Protocol = protocol,
            Shards = "iid",
            LocalSteps = 10,
            SampleSize = 3,
            MinSamples = 4,
            Batch = 8,
            Topology = "complete",
            Compression = compression,
        },
    };

    // Mean validation loss of the experts, and what the peers of one of them sent.
    private async Task<(double Loss, PeerCounts Counts)> RunAsync(string protocol, string compression)
    {
        RunSpec spec = Spec(protocol, compression);
        using var late = new CancellationTokenSource(Patience);
        IRunGrain run = _cluster.Run(spec.Name);
        await run.SubmitAsync(SpecJson.Write(spec));
        await foreach (RunEvent _ in run.WatchAsync(0).WithCancellation(late.Token))
        {
        }

        RunStatus status = await run.GetStatusAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        ModelStatus expert = status.Models[0];
        string file = Directory.EnumerateFiles(_folder.Path, expert.Weights!.Sha256, SearchOption.AllDirectories).First();
        _parameters = SafetensorsReader.Read(await File.ReadAllBytesAsync(file)).Entries.Sum(e => (long)e.Count);
        return (status.Models.SkipLast(1).Average(m => m.ValidationLoss!.Value), expert.Island!.Counts);
    }
}
