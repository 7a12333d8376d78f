using OrleansDDM.Learning.Models;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Classification;

/// <summary>
/// Any classifier by TorchSharp: the models of many peers are one (P, N) tensor, a linear layer is one batched matrix product, a convolution
/// one grouped convolution, and autograd goes through all at once.
/// </summary>
/// <param name="kind">The models' shape.</param>
/// <param name="threads">Native threads.</param>
internal sealed unsafe class StackedClassifierEngine(ClassifierKind kind, int threads) : IClassifierEngine
{
    private const int MostModels = 32;
    private const int JudgedAtOnce = 250;

    /// <inheritdoc/>
    public ClassifierKind Kind => kind;

    /// <inheritdoc/>
    public void Train(ModelBank bank, LabelledInputs data, LocalStep step, IReadOnlyList<LocalTraining> work)
    {
        set_num_threads(threads);
        foreach (IGrouping<(int, float, bool), LocalTraining> alike in work.GroupBy(w => (w.Samples.Length, w.Rate, w.Momentum >= 0)))
        {
            foreach (LocalTraining[] chunk in alike.Chunk(MostModels))
            {
                Train(bank, data, step, chunk);
            }
        }
    }

    /// <inheritdoc/>
    public Judgement[] Judge(ModelBank bank, LabelledInputs data, IReadOnlyList<int> rows)
    {
        set_num_threads(threads);
        using IDisposable noGrad = no_grad();
        return [.. rows.Select(row => Judge(bank, data, row))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static Tensor Load(ModelBank bank, IEnumerable<int> rows) => stack([.. rows.Select(r => tensor(bank.Row(r).ToArray()))]);

    private static void Store(Tensor stacked, ModelBank bank, IReadOnlyList<int> rows)
    {
        using Tensor contiguous = stacked.detach().contiguous();
        ReadOnlySpan<float> values = contiguous.data<float>().ToArray();
        for (int i = 0; i < rows.Count; i++)
        {
            values.Slice(i * bank.Length, bank.Length).CopyTo(bank.Row(rows[i]));
        }
    }

    private void Train(ModelBank bank, LabelledInputs data, LocalStep step, LocalTraining[] work)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor models = Load(bank, work.Select(w => w.Row));
        bool hasVelocity = work[0].Momentum >= 0;
        Tensor velocity = hasVelocity ? Load(bank, work.Select(w => w.Momentum)) : zeros(1);
        using Scalar rate = -work[0].Rate;
        using Scalar momentum = step.Momentum;
        for (int from = 0; from + step.Batch <= work[0].Samples.Length; from += step.Batch)
        {
            using DisposeScope inner = NewDisposeScope();
            Batch(data, [.. work.Select(w => w.Samples[from..(from + step.Batch)])], out Tensor inputs, out Tensor labels);
            Tensor gradient = Gradient(models, inputs, labels);
            if (step.Radius > 0)
            {
                using Scalar radius = step.Radius;
                using Scalar tiny = 1e-12f;
                Tensor norm = gradient.norm(1, keepdim: true).add(tiny, Scalars.One);
                Tensor moved = models.add(gradient.div(norm).mul(radius), Scalars.One);
                gradient = Gradient(moved, inputs, labels);
            }

            if (hasVelocity)
            {
                velocity.mul_(momentum).add_(gradient, Scalars.One);
                gradient = velocity;
            }

            models.add_(gradient, rate);
        }

        Store(models, bank, [.. work.Select(w => w.Row)]);
        if (hasVelocity)
        {
            Store(velocity, bank, [.. work.Select(w => w.Momentum)]);
        }
    }

    // (P, N): models do not meet in the loss, so the gradient of the sum holds each one's own.
    private Tensor Gradient(Tensor models, Tensor inputs, Tensor labels)
    {
        Tensor leaf = models.detach().clone().requires_grad_(true);
        Tensor logits = StackedForward.Of(kind, leaf, inputs);
        Tensor loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction: nn.Reduction.Sum);
        using Scalar batch = (float)labels.shape[1];
        loss.div(batch).backward();
        return leaf.grad!;
    }

    private Judgement Judge(ModelBank bank, LabelledInputs data, int row)
    {
        long right = 0;
        double loss = 0;
        using Tensor model = Load(bank, [row]);
        for (int from = 0; from < data.Count; from += JudgedAtOnce)
        {
            using DisposeScope scope = NewDisposeScope();
            int[] batch = [.. Enumerable.Range(from, Math.Min(JudgedAtOnce, data.Count - from))];
            Batch(data, [batch], out Tensor inputs, out Tensor labels);
            Tensor logits = StackedForward.Of(kind, model, inputs).flatten(0, 1);
            right += logits.argmax(1).eq(labels.flatten()).sum().item<long>();
            loss += nn.functional.cross_entropy(logits, labels.flatten(), reduction: nn.Reduction.Sum).item<float>();
        }

        return new Judgement(right / (double)data.Count, loss / data.Count);
    }

    private static void Batch(LabelledInputs data, int[][] samples, out Tensor inputs, out Tensor labels)
    {
        int batch = samples[0].Length;
        float[] values = new float[samples.Length * batch * data.Width];
        long[] classes = new long[samples.Length * batch];
        for (int i = 0; i < classes.Length; i++)
        {
            int sample = samples[i / batch][i % batch];
            data.Input(sample).CopyTo(values.AsSpan(i * data.Width));
            classes[i] = data.Labels[sample];
        }

        inputs = tensor(values, [samples.Length, batch, data.Width]);                                  // (P, B, D)
        labels = tensor(classes, [samples.Length, batch]);                                             // (P, B)
    }
}
