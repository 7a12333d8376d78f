using System.Diagnostics;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Experiments.Evaluation;

namespace OrleansDDM.Client.Runs;

/// <summary>Draws samples by sampler grains, several requests at a time.</summary>
/// <param name="grains">The silo's client.</param>
/// <param name="run">Name of the run.</param>
/// <param name="parallel">Requests at a time.</param>
internal sealed class GrainSampleSource(IGrainFactory grains, string run, int parallel) : ISampleSource
{
    // Small enough to spread over the slots, large enough that the steps' fixed cost does not matter.
    private const int Chunk = 128;
    private const int Attempts = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<SampledImages> SampleAsync(SampleOrder order, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        var clock = Stopwatch.StartNew();
        int[] starts = [.. Enumerable.Range(0, (order.Count + Chunk - 1) / Chunk).Select(i => i * Chunk)];
        var results = new SampleResult[starts.Length];
        double[] shares = new double[starts.Length];
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellation };
        await Parallel.ForAsync(0, starts.Length, options, async (i, token) =>
        {
            int count = Math.Min(Chunk, order.Count - starts[i]);
            var request = new SampleRequest
            {
                Run = run,
                Count = count,
                Seed = order.Seed,
                FirstSample = starts[i],
                Mixing = order.Rule,
                Experts = order.Experts?.Skip(starts[i]).Take(count).ToArray(),
                Steps = order.Steps,
                Scheduler = order.Scheduler,
                Class = order.Class,
                Classes = order.Classes?.Skip(starts[i]).Take(count).ToArray(),
                Guidance = order.Guidance,
                Fallback = order.Fallback,
            };
            results[i] = await RequestAsync(request, Tell, token);

            void Tell(double share)
            {
                Volatile.Write(ref shares[i], share);
                progress?.Report(shares.Average());
            }
        });
        return new SampledImages(
            [.. results.SelectMany(r => r.Values)],
            [.. results[0].ExpertUse.Select((_, step) => WeightedMean(results, r => r.ExpertUse[step]))],
            [.. results[0].DroppedMass.Select((_, step) => WeightedMean(results, r => [r.DroppedMass[step]])[0])],
            clock.Elapsed.TotalSeconds,
            [order.Count, .. results[0].Shape.AsSpan(1)],
            results[0].Evaluations,
            results.Sum(r => r.ExpertEvaluations) / (double)order.Count)
        {
            Failed = [.. results.SelectMany(r => r.Failed).Distinct().Order()],
        };
    }

    private static double[] WeightedMean(SampleResult[] results, Func<SampleResult, double[]> values)
    {
        double total = results.Sum(r => r.Shape[0]);
        return [.. Enumerable.Range(0, values(results[0]).Length).Select(k => results.Sum(r => r.Shape[0] * values(r)[k]) / total)];
    }

    // The same request gives the same samples: one whose silo is lost is asked again of another.
    private async Task<SampleResult> RequestAsync(SampleRequest request, Action<double> tell, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await AskAsync(request, tell, cancellation);
            }
            catch (Exception e) when (attempt < Attempts && RunEvents.IsLost(e) && !cancellation.IsCancellationRequested)
            {
                await Task.Delay(attempt * Pause, cancellation);
            }
        }
    }

    private async Task<SampleResult> AskAsync(SampleRequest request, Action<double> tell, CancellationToken cancellation)
    {
        ISamplerGrain grain = grains.GetGrain<ISamplerGrain>(GrainKeys.Sample(Guid.NewGuid().ToString("N")));
        SampleResult? result = null;
        await foreach (SampleProgress step in GrainStream.WatchedAsync(
            grain.SampleAsync(request, CancellationToken.None), () => grain.IsDrawingAsync(CancellationToken.None), TimeProvider.System, cancellation))
        {
            tell(step.Step / (double)step.Steps);
            result = step.Result ?? result;
        }

        return result ?? throw new InvalidOperationException("The sampler ended without samples.");
    }
}
