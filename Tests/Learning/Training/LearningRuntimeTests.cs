using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Learning.Training;

public sealed class LearningRuntimeTests
{
    private static readonly RunSpec Spec = new()
    {
        Data = new DataSpec { Name = "shapes", ShapesSize = 8, ShapesCount = 64 },
        Clustering = new ClusteringSpec { Dimensions = 4, FineCentroids = 8 },
        Experts = new ExpertsSpec { Count = 2 },
        Model = TinyRun.Dit,
        Router = new RouterSpec { Model = TinyRun.Dit },
        Training = new TrainingSpec { Steps = 2, Batch = 4, Validations = 1 },
    };

    private readonly LearningRuntime _runtime = new(new DatasetCatalog([]));

    [Fact]
    public void Checkpoint_opens_under_the_hash_it_was_written_under_and_no_other()
    {
        byte[] checkpoint;
        using (ITrainingSession session = _runtime.OpenTraining(Spec, ModelRole.Expert(0), null, "older"))
        {
            session.Train(TimeSpan.Zero, CancellationToken.None);
            checkpoint = session.SaveCheckpoint();
        }

        using ITrainingSession reopened = _runtime.OpenTraining(Spec, ModelRole.Expert(0), checkpoint, "older");
        Assert.Equal(1, reopened.Step);
        Assert.Throws<InvalidDataException>(() => _runtime.OpenTraining(Spec, ModelRole.Expert(0), checkpoint));
        Assert.Throws<InvalidDataException>(() => _runtime.OpenTraining(Spec, ModelRole.Expert(1), checkpoint, "older"));
    }

    [Fact]
    public void Cancelled_preparation_leaves_nothing_behind()
    {
        Assert.ThrowsAny<OperationCanceledException>(() => _runtime.Prepare(Spec, new CancellationToken(canceled: true)));
        Assert.Equal(2, _runtime.Prepare(Spec, CancellationToken.None).Priors.Count);
    }

    [Fact]
    public void Fingerprint_tells_other_images_and_other_clusters()
    {
        string first = _runtime.Prepare(Spec, CancellationToken.None).Fingerprint;
        Assert.Equal(first, new LearningRuntime(new DatasetCatalog([])).Prepare(Spec, CancellationToken.None).Fingerprint);
        Assert.NotEqual(first, _runtime.Prepare(Spec with { Seed = 1 }, CancellationToken.None).Fingerprint);
        RunSpec random = Spec with { Clustering = Spec.Clustering with { Method = "random" } };
        Assert.NotEqual(first, _runtime.Prepare(random, CancellationToken.None).Fingerprint);
    }
}
