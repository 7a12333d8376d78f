using System.Collections.Concurrent;
using System.Globalization;

using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>
/// Learning of islands without tensors: a model is two numbers, a training draws the first half of the way to the peer's target and counts its steps in
/// the second. The target of a peer is the mean of its rows, so what an island comes to tells whose data it has seen.
/// </summary>
internal sealed class FakeIslandRuntime : ILearningRuntime, IIslandLearning
{
    private static readonly Segment[] Layers = [new("w", [2], 0, SegmentRole.Weight, [])];

    public int Images { get; init; } = 64;

    /// <summary>Whether classes go by row, so that shards by class have targets far apart; otherwise every fourth row is of the same class.</summary>
    public bool ClassesByRow { get; init; }

    /// <summary>Called on the slot before a training; may block or throw.</summary>
    public Action<ModelRole, int, long, CancellationToken> BeforeTraining { get; set; } = (_, _, _, _) => { };

    /// <summary>Called on the slot with the text of a model, before it is read; may block.</summary>
    public Action<string> BeforeRead { get; set; } = _ => { };

    /// <summary>Called on the slot before the record takes rounds in.</summary>
    public Action BeforeRecord { get; set; } = () => { };

    /// <summary>Called on the slot before the images are dealt out.</summary>
    public Action BeforeImages { get; set; } = () => { };

    /// <summary>What trains an island of one peer; null = nothing does.</summary>
    public ILearningRuntime? Alone { get; init; }

    /// <summary>Every training that ended: role, peer, round.</summary>
    public List<(string Role, int Peer, long Round)> Trainings { get; } = [];

    /// <summary>What every training that ended began with, and what it drew to.</summary>
    public List<(string Role, int Peer, float Start, float Target)> Starts { get; } = [];

    /// <summary>Every model that was read, as text.</summary>
    public ConcurrentQueue<string> Reads { get; } = [];

    public HashSet<string> WorkThreads { get; } = [];

    public static float[] Values(byte[] model) =>
        [.. System.Text.Encoding.UTF8.GetString(model).Split(' ')[^2..].Select(v => float.Parse(v, CultureInfo.InvariantCulture))];

    public void EnterSlot(int threads, string device)
    {
    }

    public PreparedData Prepare(RunSpec spec, CancellationToken cancellation)
    {
        int k = spec.Experts.Count;
        return new PreparedData(1, 2, 2, 3, Images, [.. Enumerable.Repeat(1.0 / k, k)], "{}", "data");
    }

    public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null) => throw new NotSupportedException();

    public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights) => new Predictor(role, spec.Experts.Count);

    IslandData IIslandLearning.Images(RunSpec spec)
    {
        BeforeImages();
        return new([.. Enumerable.Range(0, Images).Select(i => ClassesByRow ? i * 4 / Images : i % 4)], [.. Enumerable.Range(0, Images).Select(i => i % spec.Experts.Count)]);
    }

    public IPeerTrainer OpenPeers(RunSpec spec, ModelRole role, IslandTraining plan) => new Trainer(this, role, plan);

    public IIslandRecord OpenRecord(RunSpec spec, ModelRole role, IslandTraining plan, byte[]? checkpoint, string specHash) =>
        new Record(this, spec, role, plan, checkpoint);

    public ITrainingSession OpenAlone(RunSpec spec, ModelRole role, int[] rows, byte[]? checkpoint, string specHash) =>
        (Alone ?? throw new NotSupportedException()).OpenTraining(spec, role, checkpoint, specHash);

    private static byte[] Bytes(ModelRole role, params float[] values) =>
        System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{role} {values[0]:R} {values[1]:R}"));

    private static bool IsNumber(string word) => float.TryParse(word, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value);

    private void Note()
    {
        lock (WorkThreads)
        {
            WorkThreads.Add(Thread.CurrentThread.Name ?? string.Empty);
        }
    }

    private sealed class Trainer(FakeIslandRuntime runtime, ModelRole role, IslandTraining plan) : IPeerTrainer
    {
        public IReadOnlyList<Segment> Segments => Layers;

        public byte[] Initial() => Bytes(role, 0, 0);

        public PeerTraining Train(byte[] model, int peer, long round, int steps, PeerMoments? moments, double radius, CancellationToken cancellation)
        {
            runtime.Note();
            runtime.BeforeTraining(role, peer, round, cancellation);
            cancellation.ThrowIfCancellationRequested();
            float[] values = Read(model);
            float target = (float)plan.Rows[peer].Average();
            lock (runtime.Trainings)
            {
                runtime.Trainings.Add((role.ToString(), peer, round));
                runtime.Starts.Add((role.ToString(), peer, values[0], target));
            }

            values[0] += 0.5f * (target - values[0]);
            values[1] += steps;

            return new PeerTraining(
                Bytes(role, values), 1, (long)steps * plan.Batch, new PeerMoments(new Dictionary<string, float[]>(), (moments?.Updates ?? 0) + steps));
        }

        public float[] Read(byte[] model)
        {
            runtime.Note();
            string text = System.Text.Encoding.UTF8.GetString(model);
            runtime.Reads.Enqueue(text);
            runtime.BeforeRead(text);
            string[] words = text.Split(' ');
            return words.Length == 3 && words[0] == role.ToString() && IsNumber(words[1]) && IsNumber(words[2])
                ? Values(model)
                : throw new InvalidDataException($"'{text}' is no model of {role}.");
        }

        public byte[] Write(float[] values) => Bytes(role, values);

        public void Dispose() => runtime.Note();
    }

    private sealed class Record(FakeIslandRuntime runtime, RunSpec spec, ModelRole role, IslandTraining plan, byte[]? checkpoint) : IIslandRecord
    {
        private readonly List<MetricRow> _history = [];
        private byte[] _model = checkpoint is null ? Bytes(role, 0, 0) : [.. checkpoint.AsSpan(8)];

        public long Rounds { get; private set; } = checkpoint is null ? 0 : BitConverter.ToInt64(checkpoint);

        public int Step => (int)Math.Min(Steps, Rounds * Steps / plan.Rounds);

        public int Steps => role.IsRouter ? RouterTask.StepsOf(spec) : spec.Training.Steps;

        public IReadOnlyList<MetricRow> History => _history;

        public void Offer(IslandRound round)
        {
            if (round.Rounds > Rounds)
            {
                (Rounds, _model) = (round.Rounds, round.Model);
            }
        }

        public SliceReport Train(TimeSpan budget, CancellationToken cancellation)
        {
            runtime.BeforeRecord();
            return new(Step, double.NaN, double.NaN, []);
        }

        public byte[] SaveCheckpoint() => [.. BitConverter.GetBytes(Rounds), .. _model];

        // Other bytes than the model of the round, as real weights are.
        public byte[] SaveWeights() => [.. "of "u8, .. _model];

        public void Dispose()
        {
        }
    }

    private sealed class Predictor(ModelRole role, int experts) : IPredictor
    {
        public float[] Predict(float[] x, int batch, Level level, int[]? classes) => role.IsRouter
            ? [.. Enumerable.Range(0, batch * experts).Select(_ => 1f / experts)]
            : [.. x.Select(v => v - role.Index)];

        public void Dispose()
        {
        }
    }
}
