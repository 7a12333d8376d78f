using System.Diagnostics;

using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>
/// Draws samples of a model folder in this process, on a thread of its own: the same samples as a silo draws of the same model in the same
/// batches.
/// </summary>
/// <param name="model">The model.</param>
public sealed class LocalSampleSource(ModelContents model) : ISampleSource
{
    // As silos are asked: a batch of another shape would round otherwise.
    private const int Chunk = 128;

    /// <inheritdoc/>
    public Task<SampledImages> SampleAsync(SampleOrder order, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(order.Count);
        return JudgeThread.RunAsync(() => Sample(order, progress, cancellation), cancellation);
    }

    private SampledImages Sample(SampleOrder order, IProgress<double>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        using var ensemble = new LocalEnsemble(model);
        RunSpec spec = model.Spec;
        SamplingSpec sampling = spec.Sampling with
        {
            Steps = order.Steps ?? spec.Sampling.Steps,
            Scheduler = order.Scheduler ?? spec.Sampling.Scheduler,
            Guidance = order.Guidance ?? spec.Sampling.Guidance,
        };
        var denoiser = new EnsembleDenoiser<float>(
            ensemble.Router is null ? null : new NormalisedRouter(ensemble.Router),
            ensemble.Experts,
            MixingRules.Parse(order.Rule, model.Priors),
            new EnsembleOptions { Guidance = sampling.Guidance, Clip = sampling.Clip });
        var loop = new SamplingLoop<float>(Schedulers.Create<float>(sampling), denoiser);
        Level[] grid = TimeGrids.Build(sampling, NoiseSchedules.Parse(spec.Diffusion.Path));
        int[] shape = [model.Channels, model.Height, model.Width];
        var values = new float[order.Count * shape.Aggregate(1, (size, n) => size * n)];
        var use = new double[sampling.Steps][];
        var dropped = new double[sampling.Steps];
        int evaluations = 0;
        long expertEvaluations = 0;
        for (int start = 0; start < order.Count; start += Chunk)
        {
            int count = Math.Min(Chunk, order.Count - start);
            ulong[] ids = [.. Enumerable.Range(start, count).Select(i => (ulong)i)];
            var reports = new List<(int Step, DenoiserReport Report)>();
            SamplingResult<float> result = loop.RunAsync(
                loop.Begin(grid, shape, order.Seed, ids),
                new SamplingRequest { Condition = ConditionOf(order, start, count), Labels = order.Experts?.Skip(start).Take(count).ToArray() },
                step =>
                {
                    reports.Add((step.Index, step.Report));
                    return ValueTask.CompletedTask;
                },
                cancellation).GetAwaiter().GetResult();
            result.X["x"].Values.CopyTo(values, start * (values.Length / order.Count));
            evaluations = reports.Count;
            expertEvaluations += reports.Sum(r => (long)r.Report.Evaluations);
            double share = count / (double)order.Count;
            foreach (IGrouping<int, DenoiserReport> step in reports.GroupBy(r => r.Step, r => r.Report))
            {
                use[step.Key] ??= new double[model.Experts.Length];
                for (int k = 0; k < model.Experts.Length; k++)
                {
                    use[step.Key][k] += share * step.Average(r => r.MeanWeights[k]);
                }

                dropped[step.Key] += share * step.Average(r => r.Dropped.Length == 0 ? 0 : r.Dropped.Average());
            }

            progress?.Report((start + count) / (double)order.Count);
        }

        return new SampledImages(
            values, use, dropped, clock.Elapsed.TotalSeconds, [order.Count, .. shape], evaluations, expertEvaluations / (double)order.Count);
    }

    private static Condition ConditionOf(SampleOrder order, int start, int count) => order switch
    {
        { Classes: { } classes } => new Condition([.. classes.Skip(start).Take(count)]),
        { Class: { } c } => new Condition([.. Enumerable.Repeat(c, count)]),
        _ => Condition.None,
    };

    // As a silo's router: summed again in double, as a softmax in float32 is off by a few units of the last place.
    private sealed class NormalisedRouter(IRouter<float> router) : IRouter<float>
    {
        public int Count => router.Count;

        public async ValueTask<double[]> WeightsAsync(State<float> x, Level level, Condition condition, CancellationToken cancellation = default)
        {
            double[] weights = await router.WeightsAsync(x, level, condition, cancellation);
            for (int row = 0; row < weights.Length; row += Count)
            {
                double sum = 0;
                for (int k = row; k < row + Count; k++)
                {
                    sum += weights[k];
                }

                for (int k = row; k < row + Count; k++)
                {
                    weights[k] /= sum;
                }
            }

            return weights;
        }
    }
}
