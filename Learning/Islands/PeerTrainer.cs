using System.Globalization;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Islands;

/// <summary>Local training with one network that stays prepared while models of many peers pass through it.</summary>
public sealed class PeerTrainer : IPeerTrainer
{
    private readonly TrainingSpec _spec;
    private readonly IslandTraining _plan;
    private readonly Func<int, ITrainingTask> _open;
    private readonly Dictionary<int, ITrainingTask> _tasks = [];
    private readonly Dictionary<string, string> _metadata;
    private readonly string _identity;
    private readonly Network _network;
    private readonly WorkingCopy _working;
    private readonly Tensor _master;
    private readonly float[] _initial;
    private readonly IOptimizer _optimizer;

    /// <summary>Prepares a network.</summary>
    /// <param name="spec">How to train.</param>
    /// <param name="plan">What the peers hold.</param>
    /// <param name="open">The task of a peer, by its number.</param>
    /// <param name="network">The network, float32, on the device to train on; the trainer owns it from here on.</param>
    /// <param name="shape">Shape of the data, written beside the weights.</param>
    /// <param name="identity">Names run and role.</param>
    /// <param name="initialize">Fills the common initial weights.</param>
    public PeerTrainer(
        TrainingSpec spec,
        IslandTraining plan,
        Func<int, ITrainingTask> open,
        Network network,
        ModelShape shape,
        string identity,
        Action<ModelVector> initialize)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(initialize);
        using IDisposable noGrad = no_grad();
        (_spec, _plan, _open, _network, _identity) = (spec, plan, open, network, identity);
        _metadata = new Dictionary<string, string> { ["format"] = "pt", ["shape"] = shape.ToText(), ["identity"] = identity };
        _working = new WorkingCopy(network, spec.Precision, plan.Batch, initialize);
        _master = _working.Master;
        _initial = FlatTensors.ToArray(_master);
        _optimizer = spec.Optimizer == "sgd" ? new Sgd(_working.Vector, spec) : new AdamW(_working.Vector, spec);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Segment> Segments => _working.Vector.Segments;

    /// <inheritdoc/>
    public byte[] Initial() => Write(_initial);

    /// <inheritdoc/>
    public PeerTraining Train(byte[] model, int peer, long round, int steps, PeerMoments? moments, double radius, CancellationToken cancellation)
    {
        if (!_tasks.TryGetValue(peer, out ITrainingTask? task))
        {
            _tasks[peer] = task = _open(peer);
        }

        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Fill(_master, Read(model));
        foreach ((string name, Tensor moment) in _optimizer.Moments)
        {
            if (moments is null)
            {
                moment.zero_();
            }
            else
            {
                Fill(moment, moments.Values[name]);
            }
        }

        _working.Round();
        _network.train();
        int updates = moments?.Updates ?? 0;
        double loss = 0;
        for (int i = 0; i < steps; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            loss += Step(task, (int)Math.Min((round * steps) + i, int.MaxValue), ++updates, radius);
        }

        float[] trained = FlatTensors.ToArray(_master);
        if (!Array.TrueForAll(trained, float.IsFinite))
        {
            throw new TrainingDivergedException($"{_identity}: the trained model is not finite. Lower training.learningRate or training.clipNorm.");
        }

        return new PeerTraining(
            Write(trained),
            loss / steps,
            (long)steps * task.Batch,
            new PeerMoments(_optimizer.Moments.ToDictionary(m => m.Key, m => FlatTensors.ToArray(m.Value)), updates));
    }

    /// <inheritdoc/>
    public float[] Read(byte[] model) => PeerModels.Read(model, Segments);

    /// <inheritdoc/>
    public byte[] Write(float[] values) => PeerModels.Write(values, Segments, _metadata);

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _working.Dispose();
    }

    private static void Fill(Tensor destination, float[] values)
    {
        using Tensor loaded = tensor(values);
        destination.copy_(loaded);
    }

    private double Step(ITrainingTask task, int step, int update, double radius)
    {
        using DisposeScope scope = NewDisposeScope();
        TrainingTensors batch = task.Draw(step);
        double loss = _working.Gradient(batch);
        if (radius > 0)
        {
            Ascend(batch, radius);
        }

        Tensor gradients = _working.Vector.Gradients.to(float32);
        double norm = gradients.norm().item<float>();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new TrainingDivergedException(string.Create(
                CultureInfo.InvariantCulture,
                $"{_identity}: local step {step + 1} has loss {loss} and gradient norm {norm}. Lower training.learningRate or training.clipNorm."));
        }

        if (_spec.ClipNorm > 0 && norm > _spec.ClipNorm)
        {
            using Scalar factor = _spec.ClipNorm / norm;
            gradients.mul_(factor);
        }

        // Warm-up and decay take the same share of all samples as they do in one place.
        int place = (int)(Math.Min(step, _plan.Steps - 1) * task.Steps / _plan.Steps);
        _optimizer.Update(_master, gradients, update, LearningRate.At(_spec, task.LearningRate, place, task.Steps));
        _working.Round();
        return loss;
    }

    // The gradient at y + ρ·g / ‖g‖ instead of that at y; the weights are y again afterwards.
    private void Ascend(TrainingTensors batch, double radius)
    {
        Tensor here = _master.clone();
        using Scalar length = radius / (_working.Vector.Gradients.to(float32).norm().item<float>() + 1e-12);
        _master.add_(_working.Vector.Gradients.to(float32), length);
        _working.Round();
        _working.Gradient(batch);
        _master.copy_(here);
        _working.Round();
    }
}
