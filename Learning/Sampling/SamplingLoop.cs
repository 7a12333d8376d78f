using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>Drives a scheduler over an ensemble. Without state: one loop may run many requests at a time.</summary>
/// <param name="scheduler">Solver.</param>
/// <param name="denoiser">Ensemble.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed class SamplingLoop<T>(IScheduler<T> scheduler, EnsembleDenoiser<T> denoiser)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The state before the first step, from noise.</summary>
    /// <param name="grid">Levels, noise first; see <see cref="TimeGrids"/>.</param>
    /// <param name="shape">Sizes of one sample, e.g. (C, H, W).</param>
    /// <param name="seed">Seed of the request.</param>
    /// <param name="sampleIds">Identity of each sample, (B). The same seed and id give the same sample in any batch.</param>
    public SolverState<T> Begin(IReadOnlyList<Level> grid, IReadOnlyList<int> shape, ulong seed, IReadOnlyList<ulong> sampleIds)
    {
        ArgumentNullException.ThrowIfNull(grid);
        return scheduler.Begin(SamplingNoise.Initial<T>(shape, grid[0], seed, sampleIds), grid, seed, sampleIds);
    }

    /// <summary>Runs from a state, fresh or stored, to the samples.</summary>
    /// <param name="state">Where to start.</param>
    /// <param name="request">Classes, labels, living experts; null = none given.</param>
    /// <param name="observer">Awaited after each evaluation.</param>
    /// <param name="cancellation">Stops between evaluations, and is handed to experts.</param>
    /// <exception cref="OperationCanceledException">Cancelled; go on from the last state the observer saw.</exception>
    /// <exception cref="ArithmeticException">A prediction has a NaN or an infinity.</exception>
    public async Task<SamplingResult<T>> RunAsync(
        SolverState<T> state,
        SamplingRequest? request = null,
        Func<SamplingStep<T>, ValueTask>? observer = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        request ??= new SamplingRequest();
        var reports = new List<DenoiserReport>();
        var failed = new SortedSet<int>();
        bool[]? alive = request.Alive is null ? null : [.. request.Alive];
        while (scheduler.Next(state) is EvaluateRequest<T> evaluate)
        {
            cancellation.ThrowIfCancellationRequested();
            var context = new MixingContext
            {
                SampleIds = state.SampleIds,
                Seed = state.Seed,
                Step = state.Index,
                Labels = request.Labels,
                Alive = alive,
            };
            Denoised<T> denoised = await denoiser.DenoiseAsync(evaluate.X, evaluate.Level, request.Condition, context, cancellation);
            foreach (int expert in denoised.Report.Failed)
            {
                alive ??= [.. Enumerable.Repeat(true, denoiser.Count)];
                alive[expert] = false;
                failed.Add(expert);
            }

            SolverState<T> next = scheduler.Advance(state, denoised.X0);
            reports.Add(denoised.Report);
            if (observer is not null)
            {
                await observer(new SamplingStep<T>(state.Index, state.Stage, evaluate.Level, evaluate.X, denoised.X0, denoised.Report, next));
            }

            state = next;
        }

        return new SamplingResult<T>(state.X, reports, [.. failed]);
    }
}
