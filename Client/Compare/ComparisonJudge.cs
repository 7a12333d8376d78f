using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;

namespace OrleansDDM.Client.Compare;

/// <summary>The judge that all arms of a comparison share: trained on this machine once, and kept in the comparison's folder.</summary>
/// <param name="folder">The comparison's folder.</param>
/// <param name="dataRoots">Folders to look for data in.</param>
internal sealed class ComparisonJudge(CompareFolder folder, IReadOnlyList<string> dataRoots) : IDisposable
{
    private CompareJudge? _judge;

    /// <summary>The judge.</summary>
    /// <exception cref="InvalidOperationException"><see cref="FindAsync"/> was not called.</exception>
    public CompareJudge Value => _judge ?? throw new InvalidOperationException("The judge comes first.");

    /// <summary>Reads the judge, or trains it.</summary>
    /// <exception cref="InvalidDataException">The folder holds a damaged one.</exception>
    public async Task<JudgeFacts> FindAsync(ComparePlan plan, IProgress<string>? progress, CancellationToken cancellation)
    {
        if (folder.ReadJudgeFacts() is { } known)
        {
            _judge = folder.ReadJudge(plan, known);
            return known;
        }

        progress?.Report("Training the judge.");
        return await JudgeThread.RunAsync(() =>
        {
            DataSplits splits = DatasetCatalog.Default(dataRoots).Load(plan.Arms[0].Spec.Data, plan.Seeds[0]);
            _judge = CompareJudge.Train(plan.Metric, splits, cancellation);
            JudgeFacts facts = _judge.Facts(splits, cancellation);
            folder.WriteJudge(_judge, facts);
            return facts;
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _judge?.Dispose();
}
