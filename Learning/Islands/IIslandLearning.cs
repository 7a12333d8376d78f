using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Islands;

/// <summary>
/// What the peers of islands need of learning, beside <see cref="ILearningRuntime"/>. The same rules hold: heavy work, called on a slot's thread;
/// this is thread-safe, what it opens is not.
/// </summary>
public interface IIslandLearning
{
    /// <summary>Class and cluster of each training image, by which images are dealt out to peers and peers join islands.</summary>
    IslandData Images(RunSpec spec);

    /// <summary>Opens a model for local training by the peers of one silo, one after another.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">Which model of it.</param>
    /// <param name="plan">What the peers hold, and how long all of it takes.</param>
    IPeerTrainer OpenPeers(RunSpec spec, ModelRole role, IslandTraining plan);

    /// <summary>Opens the record of an island: what an expert's grain learns of its rounds.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">Which model of it.</param>
    /// <param name="plan">How many rounds there are.</param>
    /// <param name="checkpoint">Bytes of <see cref="ITrainingSession.SaveCheckpoint"/>, or null to start.</param>
    /// <param name="specHash">Hash that the run's checkpoints carry.</param>
    /// <exception cref="InvalidDataException">The bytes are not a checkpoint of this run and role; the caller may try an older one.</exception>
    IIslandRecord OpenRecord(RunSpec spec, ModelRole role, IslandTraining plan, byte[]? checkpoint, string specHash);

    /// <summary>Opens a model for training in one place on some of its images: an island of one peer.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="role">Which model of it.</param>
    /// <param name="rows">The training rows that the peer holds; all rows of the cluster give what <see cref="ILearningRuntime.OpenTraining"/> gives.</param>
    /// <param name="checkpoint">Bytes of <see cref="ITrainingSession.SaveCheckpoint"/>, or null to start.</param>
    /// <param name="specHash">Hash that the run's checkpoints carry.</param>
    /// <exception cref="InvalidDataException">The bytes are not a checkpoint of this run and role.</exception>
    ITrainingSession OpenAlone(RunSpec spec, ModelRole role, int[] rows, byte[]? checkpoint, string specHash);
}

/// <summary>The training images as a plan of shards sees them.</summary>
/// <param name="Labels">(N) class of each image; its cluster where there are no classes.</param>
/// <param name="Clusters">(N) cluster of each image.</param>
/// <param name="Ids">(N) number of each image in the training split of the data set, from which some are held out; null = 0, 1, 2, ...</param>
/// <param name="Plan">Who has how many images of which cluster, where these are the images of one host; null = they are all there are.</param>
/// <param name="Host">That host.</param>
public sealed record IslandData(
    IReadOnlyList<int> Labels, IReadOnlyList<int> Clusters, IReadOnlyList<long>? Ids = null, HostPlan? Plan = null, string Host = "");

/// <summary>What the peers of one island train on, and for how long.</summary>
/// <param name="Rows">Training rows of each peer whose images are here, by its number.</param>
/// <param name="Batch">Samples of a local step.</param>
/// <param name="Rounds">Rounds in all, at least 1.</param>
/// <param name="LocalSteps">Local steps of a round.</param>
public sealed record IslandTraining(IReadOnlyDictionary<int, int[]> Rows, int Batch, long Rounds, int LocalSteps)
{
    /// <summary>Local steps of one peer after another in all rounds.</summary>
    public long Steps => Rounds * LocalSteps;
}
