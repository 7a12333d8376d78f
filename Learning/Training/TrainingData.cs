using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Models;

namespace OrleansDDM.Learning.Training;

/// <summary>A run's data after clustering, as the training tasks see it.</summary>
/// <param name="Splits">Train, validation and test images.</param>
/// <param name="TrainClusters">Cluster of each training image.</param>
/// <param name="ValidationClusters">Cluster of each validation image.</param>
/// <param name="Clusters">Number of clusters K.</param>
public sealed record TrainingData(DataSplits Splits, IReadOnlyList<int> TrainClusters, IReadOnlyList<int> ValidationClusters, int Clusters)
{
    private const int ValidationRows = 192;

    /// <summary>Shape of the images and number of classes.</summary>
    public ModelShape Shape => new(Splits.Train.Channels, Splits.Train.Height, Splits.Train.Width, Splits.Train.ClassNames.Count);

    /// <summary>The training rows of a cluster.</summary>
    public int[] TrainRows(int cluster) => [.. Enumerable.Range(0, TrainClusters.Count).Where(i => TrainClusters[i] == cluster)];

    /// <summary>Some validation rows of a cluster, or of all where the cluster has none; -1 = all clusters.</summary>
    public int[] ValidationSample(int cluster)
    {
        int[] rows = [.. Enumerable.Range(0, ValidationClusters.Count).Where(i => cluster < 0 || ValidationClusters[i] == cluster)];
        return Splits.Validation.RowsByRank(ValidationRows, seed: 0, rows.Length > 0 ? rows : null);
    }
}
