using System.Globalization;
using System.Text;
using System.Text.Json;

using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Tests.Grains;

/// <summary>
/// Learning without tensors: a model is one number that each step changes as a function of (seed, role, step, number), so a run that
/// was interrupted ends with the same bytes only if it lost and repeated nothing.
/// </summary>
internal sealed class FakeRuntime : ILearningRuntime
{
    private int _open;

    /// <summary>Called on the slot before each step; may block until the token, throw, or end the slice with false.</summary>
    public Func<ModelRole, int, CancellationToken, bool> BeforeStep { get; set; } = (_, _, _) => true;

    public Action<RunSpec, CancellationToken> OnPrepare { get; set; } = (_, _) => { };

    /// <summary>Called on the slot before each prediction of a trained model.</summary>
    public Action<ModelRole> BeforePredict { get; set; } = _ => { };

    public int StepsPerSlice { get; init; } = 4;

    /// <summary>Validation loss at a step.</summary>
    public Func<int, double> Validation { get; set; } = step => 1.0 / step;

    /// <summary>What <see cref="Prepare"/> says of the data.</summary>
    public string Fingerprint { get; set; } = "data";

    /// <summary>(role, step that the session started from), in order of opening.</summary>
    public List<(string Role, int Step)> Opened { get; } = [];

    public List<(string Thread, int Threads)> Entered { get; } = [];

    public HashSet<string> WorkThreads { get; } = [];

    public int OpenSessions => Volatile.Read(ref _open);

    public static byte[] ExpectedWeights(RunSpec spec, ModelRole role)
    {
        ulong value = spec.Seed;
        for (int step = 0; step < spec.Training.Steps; step++)
        {
            value = Next(value, role, step);
        }

        return Weights(role, value);
    }

    /// <summary>What it knows of devices; null = nothing.</summary>
    public IDeviceSurvey? Devices { get; set; }

    /// <summary>(thread, device) of each slot.</summary>
    public List<(string Thread, string Device)> Slots { get; } = [];

    public void EnterSlot(int threads, string device)
    {
        lock (Slots)
        {
            Slots.Add((Thread.CurrentThread.Name!, device));
        }

        lock (Entered)
        {
            Entered.Add((Thread.CurrentThread.Name!, threads));
        }
    }

    public PreparedData Prepare(RunSpec spec, CancellationToken cancellation)
    {
        Note();
        OnPrepare(spec, cancellation);
        int k = spec.Experts.Count;
        return new PreparedData(1, 2, 2, 3, 100, [.. Enumerable.Repeat(1.0 / k, k)], "{}", Fingerprint);
    }

    public ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null)
    {
        Note();
        string identity = $"{specHash ?? SpecJson.Hash(spec)}/{role}";
        Saved saved = new(identity, 0, spec.Seed, []);
        if (checkpoint is not null)
        {
            saved = JsonSerializer.Deserialize<Saved>(checkpoint)!;
            if (saved.Identity != identity)
            {
                throw new InvalidDataException($"A checkpoint of {saved.Identity}, not of {identity}.");
            }
        }

        lock (Opened)
        {
            Opened.Add((role.ToString(), saved.Step));
        }

        Interlocked.Increment(ref _open);
        return new Session(this, spec, role, saved);
    }

    public IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights)
    {
        Note();
        return new Predictor(this, role, spec.Experts.Count);
    }

    private static ulong Next(ulong value, ModelRole role, int step) =>
        (value ^ (ulong)((role.Index + 2) * 1_000_003 + step)) * 0x9E3779B97F4A7C15UL;

    private static byte[] Weights(ModelRole role, ulong value) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{role} {value}"));

    private void Note()
    {
        lock (WorkThreads)
        {
            WorkThreads.Add(Thread.CurrentThread.Name ?? string.Empty);
        }
    }

    private sealed record Saved(string Identity, int Step, ulong Value, List<MetricRow> History);

    private sealed class Session(FakeRuntime runtime, RunSpec spec, ModelRole role, Saved saved) : ITrainingSession
    {
        private readonly List<MetricRow> _history = [.. saved.History];
        private ulong _value = saved.Value;

        public int Step { get; private set; } = saved.Step;

        public int Steps => spec.Training.Steps;

        public IReadOnlyList<MetricRow> History => _history;

        public SliceReport Train(TimeSpan budget, CancellationToken cancellation)
        {
            runtime.Note();
            int from = _history.Count;
            for (int i = 0; i < runtime.StepsPerSlice && Step < Steps && !cancellation.IsCancellationRequested; i++)
            {
                if (!runtime.BeforeStep(role, Step, cancellation) || cancellation.IsCancellationRequested)
                {
                    break;
                }

                _value = Next(_value, role, Step++);
                if (Step % 10 == 0)
                {
                    _history.Add(new MetricRow(Step, "loss/validation", runtime.Validation(Step)));
                    break;
                }
            }

            return new SliceReport(Step, 0.5, 1000, [.. _history.Skip(from)]);
        }

        public byte[] SaveCheckpoint() => JsonSerializer.SerializeToUtf8Bytes(new Saved(saved.Identity, Step, _value, _history));

        public byte[] SaveWeights() => Weights(role, _value);

        public void Dispose()
        {
            runtime.Note();
            Interlocked.Decrement(ref runtime._open);
        }
    }

    private sealed class Predictor(FakeRuntime runtime, ModelRole role, int experts) : IPredictor
    {
        public float[] Predict(float[] x, int batch, Level level, int[]? classes)
        {
            runtime.Note();
            runtime.BeforePredict(role);
            return role.IsRouter
                ? [.. Enumerable.Range(0, batch * experts).Select(_ => 1f / experts)]
                : [.. x.Select(v => v - role.Index)];
        }

        public void Dispose()
        {
        }
    }
}
