namespace OrleansDDM.Contracts.Devices;

/// <summary>What k-means asks the holders of points.</summary>
[GenerateSerializer]
[Alias(Aliases.PointsQuestionKind)]
public enum PointsQuestionKind
{
    /// <summary>The earliest points of a race by distance to the nearest of some candidates.</summary>
    Race = 0,

    /// <summary>Sums over the points nearest to each centroid.</summary>
    Assign = 1,

    /// <summary>The points farthest from their nearest centroid.</summary>
    Farthest = 2,
}

/// <summary>A question of k-means to one host.</summary>
/// <param name="SpecHash">The run.</param>
/// <param name="Kind">What is asked.</param>
/// <param name="Centroids">(k, D) candidates or centroids.</param>
/// <param name="Count">Most points to return.</param>
/// <param name="Seed">Seed of a race.</param>
/// <param name="Round">Round of a race.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PointsQuestion)]
public sealed record PointsQuestion(
    [property: Id(0)] string SpecHash,
    [property: Id(1)] PointsQuestionKind Kind,
    [property: Id(2)] float[] Centroids,
    [property: Id(3)] int Count = 0,
    [property: Id(4)] ulong Seed = 0,
    [property: Id(5)] int Round = 0);

/// <summary>The answer of one host: points with their keys, or sums.</summary>
/// <param name="Keys">(n) keys of points.</param>
/// <param name="Ids">(n) their ids.</param>
/// <param name="Points">(n, D) their features.</param>
/// <param name="Counts">(k) points of each centroid.</param>
/// <param name="Sums">(k, D) fixed-point sums of their features.</param>
/// <param name="InertiaHigh">Upper half of the fixed-point sum of squared distances.</param>
/// <param name="InertiaLow">Its lower half.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.PointsAnswer)]
public sealed record PointsAnswer(
    [property: Id(0)] double[] Keys,
    [property: Id(1)] long[] Ids,
    [property: Id(2)] float[] Points,
    [property: Id(3)] long[] Counts,
    [property: Id(4)] long[] Sums,
    [property: Id(5)] long InertiaHigh,
    [property: Id(6)] ulong InertiaLow);
