using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Compare;

public sealed class ClusterConditionTests
{
    private static readonly RunSpec Ensemble = new()
    {
        Seed = 7,
        Data = new DataSpec { Name = "shapes", ShapesCount = 300, ShapesSize = 8 },
        Clustering = new ClusteringSpec { Dimensions = 8, FineCentroids = 12 },
    };

    private static readonly RunSpec Told = Ensemble with
    {
        Experts = new ExpertsSpec { Count = 1 },
        Clustering = Ensemble.Clustering with { Conditions = 4 },
        Model = new ModelSpec { ClassConditional = true },
    };

    [Fact]
    public void A_told_monolith_learns_the_clusters_of_the_ensemble_as_classes()
    {
        var learning = new LearningRuntime(new DatasetCatalog([]));
        TrainingData experts = learning.Data(Ensemble);
        TrainingData told = learning.Data(Told);
        Assert.Equal(experts.TrainClusters, told.Splits.Train.Labels.ToArray());
        Assert.Equal(experts.ValidationClusters, told.Splits.Validation.Labels.ToArray());
        Assert.Equal(learning.Clusters(Ensemble).AssignNew(experts.Splits.Test), told.Splits.Test.Labels.ToArray());
        Assert.Equal(4, told.Shape.Classes);
        Assert.All(told.TrainClusters, cluster => Assert.Equal(0, cluster));
        Assert.True(learning.ClusteringSeconds(Told) > 0);
    }

    [Fact]
    public void Labels_stay_where_the_model_is_not_conditional()
    {
        var learning = new LearningRuntime(new DatasetCatalog([]));
        RunSpec spec = Told with { Model = new ModelSpec() };
        Assert.Equal(learning.Data(Ensemble).Splits.Train.Labels.ToArray(), learning.Data(spec).Splits.Train.Labels.ToArray());
        Assert.Throws<SpecException>(() => SpecJson.Read(SpecJson.Write(Told), "clustering.fineCentroids=3"));
    }

    [Fact]
    public void Told_clusters_follow_the_prior_and_the_seed()
    {
        int[] drawn = ArmEvaluator.DrawClusters([0.5, 0.25, 0.25], 20_000, seed: 1);
        Assert.InRange(drawn.Count(k => k == 0) / 20_000.0, 0.485, 0.515);
        Assert.InRange(drawn.Count(k => k == 2) / 20_000.0, 0.235, 0.265);
        Assert.Equal(drawn, ArmEvaluator.DrawClusters([0.5, 0.25, 0.25], 20_000, seed: 1));
        Assert.NotEqual(drawn, ArmEvaluator.DrawClusters([0.5, 0.25, 0.25], 20_000, seed: 2));
        Assert.Equal(drawn[..100], ArmEvaluator.DrawClusters([0.5, 0.25, 0.25], 100, seed: 1));
    }
}
