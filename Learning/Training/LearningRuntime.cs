using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using TorchSharp;

namespace OrleansDDM.Learning.Training;

/// <summary>The learning of a silo: data sets from the catalog, clustering, trainers and predictors. Thread-safe.</summary>
/// <param name="catalog">Where data sets are looked for.</param>
public sealed partial class LearningRuntime(DatasetCatalog catalog) : ILearningRuntime
{
    // Between two models, or between training and judging, nobody holds a run's data.
    private const int Idle = 2;

    private readonly SharedCache<Prepared> _prepared = new(Idle);
    private readonly ThreadLocal<torch.Device?> _device = new();

    /// <summary>Number of runs whose data is in memory.</summary>
    internal int PreparedCount => _prepared.Count;

    /// <inheritdoc/>
    public IDeviceSurvey? Devices { get; } = new DeviceSurvey();

    // Slots have a device each; a thread that is no slot's works on the CPU.
    private torch.Device Device => _device.Value ?? torch.CPU;

    /// <inheritdoc/>
    public void EnterSlot(int threads, string device)
    {
        torch.set_num_threads(threads);
        _device.Value = torch.device(device);
    }

    /// <inheritdoc/>
    public PreparedData Prepare(RunSpec spec, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(spec);
        (TrainingData data, ClusteringResult clusters, string fingerprint, _) = PreparedOf(spec, cancellation);
        data.Shape.Check("model", spec.Model);
        data.Shape.Check("router.model", spec.Router.Model);
        if (AdoptionOf(spec) is { } adopted)
        {
            return adopted.Plan.Summary();
        }

        ImageDataset train = data.Splits.Train;
        string report = JsonSerializer.Serialize(new
        {
            method = clusters.Method,
            sizes = clusters.Sizes,
            labels = clusters.LabelTable,
            classes = clusters.ClassNames,
        });
        return new PreparedData(
            train.Channels, train.Height, train.Width, data.Shape.Classes, train.Count, clusters.Priors, report, fingerprint);
    }

    /// <summary>The images and clusters of a run, for evaluation.</summary>
    public TrainingData Data(RunSpec spec) => PreparedOf(spec).Data;

    /// <summary>The clustering of a run.</summary>
    public ClusteringResult Clusters(RunSpec spec) => PreparedOf(spec).Clusters;

    /// <summary>How long the clustering of a run took, without the loading of its images; in seconds.</summary>
    public double ClusteringSeconds(RunSpec spec) => PreparedOf(spec).ClusteringSeconds;

    /// <inheritdoc/>
    public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        (Prepared prepared, IDisposable hold) = _prepared.Hold(SpecJson.Hash(spec), () => Load(spec, CancellationToken.None));
        try
        {
            TrainingData data = prepared.Data;
            ITrainingTask task = role.IsRouter ? new RouterTask(spec, data) : new DenoisingTask(spec, data, role.Index);
            var trainer = new Trainer(
                spec.Training, task, NetworkOf(spec, role, data.Shape), data.Shape, $"{specHash ?? SpecJson.Hash(spec)}/{role}", vector => Initializer.Fill(vector, spec.Seed, $"{role}/weights"), checkpoint);
            return new HoldingSession(trainer, hold);
        }
        catch (Exception e) when (DeviceMemoryException.IsCause(e))
        {
            hold.Dispose();
            throw new DeviceMemoryException($"{role} does not fit into the memory of {Device}: {e.Message}", e);
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights) => Predictors.Open(spec, role, weights, Device);

    private Prepared PreparedOf(RunSpec spec, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        Adoption? adopted = AdoptionOf(spec);
        string key = SpecJson.Hash(spec) + adopted?.Plan.Fingerprint;
        while (true)
        {
            try
            {
                return _prepared.Get(key, () => adopted is null ? Load(spec, cancellation) : Load(spec, adopted));
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Another caller, who was first, gave up.
            }
        }
    }

    private Prepared Load(RunSpec spec, CancellationToken cancellation)
    {
        DataSplits splits = catalog.Load(spec.Data, spec.Seed);
        var clock = Stopwatch.StartNew();
        if (spec.Clustering.Conditions > 0 && spec.Model.ClassConditional)
        {
            splits = LabelledByCluster(spec, splits, cancellation);
        }

        cancellation.ThrowIfCancellationRequested();
        ClusteringResult clusters = Clusterer.Run(spec.Clustering, spec.Experts.Count, spec.Seed, [splits.Train], cancellation);
        int empty = clusters.Sizes.ToList().IndexOf(0);
        if (empty >= 0)
        {
            throw new SpecException("experts.count", $"is {spec.Experts.Count}, but cluster {empty} got no image; use fewer experts");
        }

        var data = new TrainingData(splits, clusters.Assignments, clusters.AssignNew(splits.Validation), spec.Experts.Count);
        double seconds = clock.Elapsed.TotalSeconds;
        return new Prepared(data, clusters, Fingerprint(splits.Train, clusters.Assignments), seconds);
    }

    private static string Fingerprint(ImageDataset train, IReadOnlyList<int> assignments)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(train.Hash));
        Span<byte> word = stackalloc byte[sizeof(int)];
        foreach (int cluster in assignments)
        {
            BinaryPrimitives.WriteInt32LittleEndian(word, cluster);
            hash.AppendData(word);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // The same split, bit for bit, as an ensemble of that many experts trains on under the same seed.
    private static DataSplits LabelledByCluster(RunSpec spec, DataSplits splits, CancellationToken cancellation)
    {
        int count = spec.Clustering.Conditions;
        ClusteringResult clusters = Clusterer.Run(spec.Clustering, count, spec.Seed, [splits.Train], cancellation);
        string[] names = [.. Enumerable.Range(0, count).Select(k => string.Create(CultureInfo.InvariantCulture, $"cluster {k}"))];
        return new DataSplits(
            splits.Train.WithLabels([.. clusters.Assignments], names),
            splits.Validation.WithLabels(clusters.AssignNew(splits.Validation), names),
            splits.Test.WithLabels(clusters.AssignNew(splits.Test), names));
    }

    private sealed record Prepared(TrainingData Data, ClusteringResult Clusters, string Fingerprint, double ClusteringSeconds);
}
