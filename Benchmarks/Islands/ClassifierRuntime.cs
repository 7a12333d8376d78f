using System.Globalization;
using System.Runtime;

using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>
/// Lets grains train a classifier where a run would have its denoiser, so that islands can be timed on the model that other systems were timed
/// on. Adds up the processor time of local training by itself.
/// </summary>
/// <param name="kind">The classifier.</param>
/// <param name="data">Training images, and those to judge on.</param>
/// <param name="rate">Learning rate.</param>
internal sealed class ClassifierRuntime(ClassifierKind kind, PeerData data, float rate) : ILearningRuntime, IIslandLearning
{
    private readonly List<string> _slots = [];
    private long _trainingTicks;

    /// <summary>Numbers of a model.</summary>
    public int Parameters => kind.Length;

    // Processor seconds of the threads that trained, while they did.
    private double TrainingSeconds => Interlocked.Read(ref _trainingTicks) / 1e9;

    // Processor seconds of the slots' threads, whatever they did.
    private double SlotSeconds
    {
        get
        {
            lock (_slots)
            {
                return _slots.Sum(Ran) / 1e9;
            }
        }
    }

    /// <summary>What this process has taken until now.</summary>
    public PeersUse Use() => new(Environment.CpuUsage.TotalTime.TotalSeconds, TrainingSeconds, SlotSeconds, JitInfo.GetCompilationTime().TotalSeconds);

    private ClassifierKind Kind => kind;

    private PeerData Data => data;

    private float Rate => rate;

    /// <summary>Accuracy of a model on the test images.</summary>
    public double Accuracy(byte[] model)
    {
        using IClassifierEngine engine = ClassifierEngines.Create(kind, 1);
        using var bank = new ModelBank(kind.Length);
        int row = bank.Rent();
        Read(model, kind.Segments).CopyTo(bank.Row(row));
        return engine.Judge(bank, data.Test, [row])[0].Accuracy;
    }

    public void EnterSlot(int threads, string device)
    {
        TorchSharp.torch.set_num_threads(threads);
        lock (_slots)
        {
            _slots.Add("/proc/" + new FileInfo("/proc/thread-self").LinkTarget);
        }
    }

    public PreparedData Prepare(RunSpec spec, CancellationToken cancellation) =>
        new(1, 28, 28, data.Classes, data.Train.Count, [1.0], "{}", "images");

    public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null) => throw new NotSupportedException();

    public ITrainingSession OpenAlone(RunSpec spec, ModelRole role, int[] rows, byte[]? checkpoint, string specHash) => throw new NotSupportedException();

    public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights) => throw new NotSupportedException();

    public IslandData Images(RunSpec spec) => new(data.Train.Labels.ToArray(), new int[data.Train.Count]);

    public IPeerTrainer OpenPeers(RunSpec spec, ModelRole role, IslandTraining plan) => new PeerTrainer(this, role, plan);

    public IIslandRecord OpenRecord(RunSpec spec, ModelRole role, IslandTraining plan, byte[]? checkpoint, string specHash) =>
        new Record(role.IsRouter ? RouterTask.StepsOf(spec) : spec.Training.Steps, plan, kind.Segments, checkpoint);

    private static float[] Read(byte[] model, IReadOnlyList<Segment> segments)
    {
        SafetensorsFile file = SafetensorsReader.Read(model);
        float[] values = new float[segments.Sum(s => s.Length)];
        foreach (Segment segment in segments)
        {
            file[segment.Name].ToFloats().CopyTo(values, segment.Offset);
        }

        return values;
    }

    private static byte[] Write(float[] values, IReadOnlyList<Segment> segments, string what) => SafetensorsWriter.Write(
        segments.Select(s => SafetensorsEntry.Of(s.Name, s.Shape, values.AsSpan((int)s.Offset, (int)s.Length))),
        new Dictionary<string, string> { ["what"] = what });

    private static long ThreadTime() => Ran("/proc/thread-self");

    // Nanoseconds that a thread has run: the first number of schedstat.
    private static long Ran(string thread) => long.Parse(File.ReadAllText(thread + "/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);

    private sealed class PeerTrainer(ClassifierRuntime runtime, ModelRole role, IslandTraining plan) : IPeerTrainer
    {
        private readonly IClassifierEngine _engine = ClassifierEngines.Create(runtime.Kind, 1);
        private readonly ModelBank _bank = new(runtime.Kind.Length, 1);

        public IReadOnlyList<Segment> Segments => runtime.Kind.Segments;

        public byte[] Initial()
        {
            float[] values = new float[runtime.Kind.Length];
            runtime.Kind.Initialise(values, 1, 0);
            return Write(values);
        }

        public PeerTraining Train(byte[] model, int peer, long round, int steps, PeerMoments? moments, double radius, CancellationToken cancellation)
        {
            int row = _bank.Rent();
            Read(model).CopyTo(_bank.Row(row));
            var random = new Protocols.Machines.CounterStream(1, "peer-batch", (ulong)peer, (ulong)round);
            int[] samples = [.. Enumerable.Range(0, steps * plan.Batch).Select(_ => plan.Rows[peer][random.Below(plan.Rows[peer].Length)])];
            long before = ThreadTime();
            _engine.Train(_bank, runtime.Data.Train, new LocalStep(plan.Batch), [new LocalTraining(row, -1, samples, runtime.Rate)]);
            Interlocked.Add(ref runtime._trainingTicks, ThreadTime() - before);
            byte[] trained = Write(_bank.Row(row).ToArray());
            _bank.Return(row);
            return new PeerTraining(trained, double.NaN, samples.Length, new PeerMoments(new Dictionary<string, float[]>(), 0));
        }

        public float[] Read(byte[] model) => ClassifierRuntime.Read(model, Segments);

        public byte[] Write(float[] values) => ClassifierRuntime.Write(values, Segments, role.ToString());

        public void Dispose()
        {
            _engine.Dispose();
            _bank.Dispose();
        }
    }

    /// <summary>Keeps the newest model. Checkpoints and weights are artifacts of their own, so their bytes are not those of a peer's model.</summary>
    private sealed class Record(int steps, IslandTraining plan, IReadOnlyList<Segment> segments, byte[]? checkpoint) : IIslandRecord
    {
        private float[] _values = checkpoint is null ? new float[segments.Sum(s => s.Length)] : Read(checkpoint, segments);

        public long Rounds { get; private set; }

        public int Step => (int)Math.Min(steps, Rounds * steps / plan.Rounds);

        public int Steps => steps;

        public IReadOnlyList<MetricRow> History => [];

        public void Offer(IslandRound round) => (Rounds, _values) = round.Rounds > Rounds ? (round.Rounds, Read(round.Model, segments)) : (Rounds, _values);

        public SliceReport Train(TimeSpan budget, CancellationToken cancellation) => new(Step, double.NaN, double.NaN, []);

        public byte[] SaveCheckpoint() => Write(_values, segments, "checkpoint");

        public byte[] SaveWeights() => Write(_values, segments, "weights");

        public void Dispose()
        {
        }
    }
}
