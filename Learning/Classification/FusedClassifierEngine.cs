using System.Collections.Concurrent;

namespace OrleansDDM.Learning.Classification;

/// <summary>
/// Perceptrons by hand-written kernels: each model stays in one core's cache for all of its local steps, and models are spread over threads.
/// </summary>
/// <param name="kind">The models' shape.</param>
/// <param name="threads">Threads.</param>
internal sealed class FusedClassifierEngine(PerceptronKind kind, int threads) : IClassifierEngine
{
    private readonly ConcurrentBag<PerceptronPass> _passes = [];
    private readonly ParallelOptions _options = new() { MaxDegreeOfParallelism = threads };

    /// <inheritdoc/>
    public ClassifierKind Kind => kind;

    /// <inheritdoc/>
    public void Train(ModelBank bank, LabelledInputs data, LocalStep step, IReadOnlyList<LocalTraining> work) =>
        Each(work.Count, (pass, i) => pass.Train(bank, data, step, work[i]));

    /// <inheritdoc/>
    public Judgement[] Judge(ModelBank bank, LabelledInputs data, IReadOnlyList<int> rows)
    {
        var judgements = new Judgement[rows.Count];
        Each(rows.Count, (pass, i) => judgements[i] = pass.Judge(bank, data, rows[i]));
        return judgements;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_passes.TryTake(out PerceptronPass? pass))
        {
            pass.Dispose();
        }
    }

    private void Each(int count, Action<PerceptronPass, int> work)
    {
        if (count <= 1 || threads == 1)
        {
            PerceptronPass pass = Borrow();
            for (int i = 0; i < count; i++)
            {
                work(pass, i);
            }

            _passes.Add(pass);
            return;
        }

        Parallel.For(
            0,
            count,
            _options,
            Borrow,
            (i, _, pass) =>
            {
                work(pass, i);
                return pass;
            },
            _passes.Add);
    }

    private PerceptronPass Borrow() => _passes.TryTake(out PerceptronPass? pass) ? pass : new PerceptronPass(kind);
}
