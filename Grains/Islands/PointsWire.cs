using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Clustering;

namespace OrleansDDM.Grains.Islands;

/// <summary>The points of k-means of another host.</summary>
/// <param name="name">Name of the host.</param>
/// <param name="host">The host.</param>
/// <param name="specHash">The run.</param>
/// <param name="dimensions">D.</param>
internal sealed class PointsWire(string name, IImageHost host, string specHash, int dimensions) : IKMeansShard
{
    /// <summary>Answers a question from points at hand. It blocks: call it on a slot's thread.</summary>
    public static PointsAnswer Answer(KMeansShard shard, PointsQuestion question)
    {
        if (question.Kind == PointsQuestionKind.Assign)
        {
            KMeansStatistics sums = shard.AssignAsync(question.Centroids, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return new PointsAnswer([], [], [], sums.Counts, sums.Sums, (long)(sums.Inertia >> 64), (ulong)(sums.Inertia & ulong.MaxValue));
        }

        RaceEntry[] entries = (question.Kind == PointsQuestionKind.Race
            ? shard.RaceAsync(question.Seed, question.Round, question.Count, question.Centroids, CancellationToken.None)
            : shard.FarthestAsync(question.Centroids, question.Count, CancellationToken.None)).AsTask().GetAwaiter().GetResult();
        return new PointsAnswer(
            Array.ConvertAll(entries, e => e.Key), Array.ConvertAll(entries, e => e.Id), [.. entries.SelectMany(e => e.Point)], [], [], 0, 0);
    }

    /// <inheritdoc/>
    public async ValueTask<RaceEntry[]> RaceAsync(ulong seed, int round, int count, float[] candidates, CancellationToken cancellation) =>
        Entries(await AskAsync(new PointsQuestion(specHash, PointsQuestionKind.Race, candidates, count, seed, round), cancellation).ConfigureAwait(false), count);

    /// <inheritdoc/>
    public async ValueTask<KMeansStatistics> AssignAsync(float[] centroids, CancellationToken cancellation)
    {
        PointsAnswer answer = await AskAsync(new PointsQuestion(specHash, PointsQuestionKind.Assign, centroids), cancellation).ConfigureAwait(false);
        Require(answer.Sums.Length == centroids.Length && answer.Counts.Length == centroids.Length / dimensions && answer.Counts.All(c => c >= 0));
        return new KMeansStatistics(dimensions, answer.Counts, answer.Sums, ((Int128)answer.InertiaHigh << 64) | answer.InertiaLow);
    }

    /// <inheritdoc/>
    public async ValueTask<RaceEntry[]> FarthestAsync(float[] centroids, int count, CancellationToken cancellation) =>
        Entries(await AskAsync(new PointsQuestion(specHash, PointsQuestionKind.Farthest, centroids, count), cancellation).ConfigureAwait(false), count);

    private Task<PointsAnswer> AskAsync(PointsQuestion question, CancellationToken cancellation) => host.AskPointsAsync(question, cancellation);

    private RaceEntry[] Entries(PointsAnswer answer, int count)
    {
        int n = answer.Keys.Length;
        Require(n <= count && answer.Ids.Length == n && answer.Points.Length == n * dimensions
            && !answer.Keys.Any(double.IsNaN) && Array.TrueForAll(answer.Points, float.IsFinite));
        return [.. Enumerable.Range(0, n).Select(i => new RaceEntry(answer.Keys[i], answer.Ids[i], answer.Points[(i * dimensions)..((i + 1) * dimensions)]))];
    }

    private void Require(bool fits)
    {
        if (!fits)
        {
            throw new DataUnavailableException($"{name}: its answer to a question of k-means does not fit the question.");
        }
    }
}
