using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Training;

/// <summary>
/// All that an actor needs of learning. Every member does heavy work and is called on a slot's thread only, by several slots at
/// a time: implementations are thread-safe, while sessions and predictors are not.
/// </summary>
public interface ILearningRuntime
{
    /// <summary>The learning of islands; null = it knows none.</summary>
    IIslandLearning? Islands => this as IIslandLearning;

    /// <summary>The learning of convex solves; null = it knows none.</summary>
    IConvexLearning? Convex => this as IConvexLearning;
    /// <summary>The learning of runs whose images stay with their hosts; null = it knows none.</summary>
    IHostLearning? HostImages => this as IHostLearning;

    /// <summary>What is known of the devices here; null = there is the CPU only, and nothing is known of it.</summary>
    IDeviceSurvey? Devices => this as IDeviceSurvey;

    /// <summary>Called once on each slot's thread, before anything else on it, to set what is per thread.</summary>
    /// <param name="threads">Native threads that work on this slot may use.</param>
    /// <param name="device">Name of the device on which the slot's models live: <c>cpu</c> or <c>cuda:N</c>.</param>
    void EnterSlot(int threads, string device);

    /// <summary>Loads the data of a run and clusters it. Deterministic, idempotent and cached by the spec's hash.</summary>
    /// <exception cref="SpecException">The data contradicts the spec, e.g. a patch size that does not divide the image.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is kept of it.</exception>
    PreparedData Prepare(RunSpec spec, CancellationToken cancellation);

    /// <summary>Opens a model for training, from scratch or from a checkpoint; prepares the data first if need be.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">Which model of it. Checkpoints of two roles differ in their bytes, as artifacts are named by content.</param>
    /// <param name="checkpoint">Bytes of <see cref="ITrainingSession.SaveCheckpoint"/>, or null to start from scratch.</param>
    /// <param name="specHash">Hash that the run's checkpoints carry; null = the spec's own. They differ for a run that was stored before a
    /// key of the spec came up.</param>
    /// <exception cref="InvalidDataException">The bytes are not a checkpoint of this run and role; the caller may try an older one.</exception>
    /// <exception cref="DeviceMemoryException">The slot's device has too little free memory; so may the session say when it trains.</exception>
    ITrainingSession OpenTraining(RunSpec spec, ModelRole role, byte[]? checkpoint, string? specHash = null);

    /// <summary>Opens trained weights for prediction.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">Which model of it.</param>
    /// <param name="weights">Bytes of <see cref="ITrainingSession.SaveWeights"/>.</param>
    /// <exception cref="InvalidDataException">The bytes are not weights of this model.</exception>
    IPredictor OpenPredictor(RunSpec spec, ModelRole role, byte[] weights);
}
