using OrleansDDM.Learning.Models;

namespace OrleansDDM.Learning.Islands;

/// <summary>
/// Trains the models of peers, one participation at a time, on one slot's thread. What a participation gives is a function of the model, the
/// peer, the round and the moments. Models travel as safetensors, one entry per segment.
/// </summary>
public interface IPeerTrainer : IDisposable
{
    /// <summary>Which part of a flat model is which parameter.</summary>
    IReadOnlyList<Segment> Segments { get; }

    /// <summary>The common initial model, the same bytes everywhere.</summary>
    byte[] Initial();

    /// <summary>Local steps of one peer.</summary>
    /// <param name="model">The model to start from.</param>
    /// <param name="peer">Number of the peer.</param>
    /// <param name="round">Round, from 0: with the peer it fixes all draws, and the learning rate.</param>
    /// <param name="steps">Local steps.</param>
    /// <param name="moments">Moments of the peer's optimizer from its last participation; null = fresh ones.</param>
    /// <param name="radius">Radius of sharpness-aware steps (Foret et al., ICLR 2021); 0 = plain steps.</param>
    /// <param name="cancellation">Gives up between two steps.</param>
    /// <exception cref="InvalidDataException">The bytes are not a model of this kind.</exception>
    /// <exception cref="Training.TrainingDivergedException">A loss, a gradient or the trained model is not finite.</exception>
    PeerTraining Train(byte[] model, int peer, long round, int steps, PeerMoments? moments, double radius, CancellationToken cancellation);

    /// <summary>The flat values of a model.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a model of this kind, or not finite.</exception>
    float[] Read(byte[] model);

    /// <summary>The model of flat values.</summary>
    byte[] Write(float[] values);
}

/// <summary>What a participation gave.</summary>
/// <param name="Model">The trained model.</param>
/// <param name="Loss">Mean training loss.</param>
/// <param name="Samples">Samples drawn.</param>
/// <param name="Moments">Moments of the optimizer at its end.</param>
public sealed record PeerTraining(byte[] Model, double Loss, long Samples, PeerMoments Moments);

/// <summary>Moments of a peer's optimizer between two participations. Kept in memory only: a peer that crashed starts with fresh ones.</summary>
/// <param name="Values">Flat vectors by name.</param>
/// <param name="Updates">Updates that they hold.</param>
public sealed record PeerMoments(IReadOnlyDictionary<string, float[]> Values, int Updates);
