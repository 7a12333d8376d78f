using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Experiments.Claims.Peers;

/// <summary>
/// What peers of an experiment learn, and how: the same for the event simulation and for synchronous rounds. The images of a step are a
/// function of (seed, peer, round, step).
/// </summary>
/// <param name="engine">Trains.</param>
/// <param name="data">Who holds what.</param>
/// <param name="step">A local step.</param>
/// <param name="rate">Learning rate.</param>
/// <param name="seed">Seed of initial models and draws.</param>
public sealed class PeerLearning(IClassifierEngine engine, PeerData data, LocalStep step, float rate, ulong seed)
{
    /// <summary>Trains and judges.</summary>
    public IClassifierEngine Engine => engine;

    /// <summary>Who holds what.</summary>
    public PeerData Data => data;

    /// <summary>A local step.</summary>
    public LocalStep Step => step;

    /// <summary>An initial model.</summary>
    /// <param name="row">Filled.</param>
    /// <param name="peer">Whose; null = the common one.</param>
    public void Initialise(Span<float> row, int? peer) => engine.Kind.Initialise(row, seed, peer is { } p ? (ulong)p + 1 : 0);

    /// <summary>The work of a peer in a round.</summary>
    /// <param name="peer">Number of the peer.</param>
    /// <param name="round">Round.</param>
    /// <param name="steps">Local steps.</param>
    /// <param name="row">The model.</param>
    /// <param name="velocity">The velocity, or −1.</param>
    public LocalTraining Work(int peer, long round, int steps, int row, int velocity)
    {
        CounterStream random = new(seed, "peer-batch", (ulong)peer, (ulong)round);
        int[] shard = data.Shards[peer], samples = new int[steps * step.Batch];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = shard[random.Below(shard.Length)];
        }

        return new LocalTraining(row, velocity, samples, rate);
    }

    /// <summary>Trains on the peers' images.</summary>
    public void Train(ModelBank bank, IReadOnlyList<LocalTraining> work) => Train(bank, step, work);

    /// <summary>Trains on the peers' images, by another kind of step.</summary>
    public void Train(ModelBank bank, LocalStep other, IReadOnlyList<LocalTraining> work) => engine.Train(bank, data.Train, other, work);

    /// <summary>Judges on the test images.</summary>
    public Judgement[] Judge(ModelBank bank, IReadOnlyList<int> rows) => engine.Judge(bank, data.Test, rows);
}
