using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Sampling;

/// <summary>
/// Draws the samples of one request: a solver over experts on device hosts. An expert whose silo goes in mid-image is evaluated on another
/// one, with the same outcome; where none can, the request fails, or goes on without it if it allows that. Recovery: it remembers nothing;
/// the same request asked again gives the same samples. Key format: <c>sample/ID</c>.
/// </summary>
internal sealed class SamplerGrain(Replicas replicas, IOptions<RunOptions> options, TimeProvider clock) : Grain, ISamplerGrain
{
    private int _requests;

    public async IAsyncEnumerable<SampleProgress> SampleAsync(
        SampleRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (string.IsNullOrEmpty(request?.Run))
        {
            throw new BadRequestException("The request names no run.");
        }

        _requests++;
        try
        {
            await foreach (SampleProgress step in DrawAsync(request, cancellation))
            {
                yield return step;
            }
        }
        finally
        {
            _requests--;
        }
    }

    public Task<bool> IsDrawingAsync(CancellationToken cancellation = default) => Task.FromResult(_requests > 0);

    private async IAsyncEnumerable<SampleProgress> DrawAsync(SampleRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Retry retry = options.Value.Retry(options.Value.CallPatience, clock, (int)this.GetGrainId().GetUniformHashCode());
        RunStatus run = await retry.RunAsync(
            () => GrainFactory.GetGrain<IRunGrain>(GrainKeys.Run(request.Run)).GetStatusAsync(cancellation), Retry.OfCall, null, cancellation);
        SamplePlan plan = SamplePlan.For(request, run);
        var contract = new ExpertContract(plan.Schedule, Parameterizations.Parse(plan.Spec.Diffusion.Parameterization));
        IExpert<float>[] experts = [.. run.Models.Where(m => !ModelRole.Parse(m.Role).IsRouter)
            .Select(m => new RemoteExpert(replicas, Reference(run, m), contract))];
        ModelStatus? router = run.Models.FirstOrDefault(m => ModelRole.Parse(m.Role).IsRouter);
        var denoiser = new EnsembleDenoiser<float>(
            router is null ? null : new RemoteRouter(replicas, Reference(run, router), experts.Length), experts, plan.Rule, plan.Options with { TolerateFailures = request.Fallback });
        var loop = new SamplingLoop<float>(Schedulers.Create<float>(plan.Spec.Sampling), denoiser);

        // By step, not by evaluation: Heun asks twice in most steps.
        var reports = new List<(int Step, DenoiserReport Report)>();
        var steps = Channel.CreateUnbounded<SampleProgress>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<SamplingResult<float>> sampling = RunAsync();
        try
        {
            await foreach (SampleProgress step in steps.Reader.ReadAllAsync(cancellation))
            {
                yield return step;
            }

            SamplingResult<float> result = await sampling;
            yield return new SampleProgress(plan.Steps, plan.Steps, new SampleResult(
                result.X["x"].Shape,
                result.X["x"].Values,
                [.. reports.GroupBy(r => r.Step, r => r.Report).Select(step => Mean([.. step.Select(r => r.MeanWeights)]))],
                [.. reports.GroupBy(r => r.Step, r => r.Report).Select(step => step.Average(r => r.Dropped.Length == 0 ? 0 : r.Dropped.Average()))],
                reports.Count,
                reports.Sum(r => (long)r.Report.Evaluations),
                [.. result.Failed]));
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)sampling).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task<SamplingResult<float>> RunAsync()
        {
            using Activity? activity = DdmActivities.Sample(request.Run, run.SpecHash);
            try
            {
                SolverState<float> state = loop.Begin(plan.Grid, plan.Shape, request.Seed, plan.SampleIds);
                return await loop.RunAsync(
                    state,
                    new SamplingRequest { Condition = plan.Condition, Labels = plan.Experts },
                    step =>
                    {
                        reports.Add((step.Index, step.Report));

                        // A step of several evaluations is done with its last one.
                        if (step.Next.Index > step.Index && step.Next.Index < plan.Steps)
                        {
                            steps.Writer.TryWrite(new SampleProgress(step.Next.Index, plan.Steps, null));
                        }

                        return ValueTask.CompletedTask;
                    },
                    stop.Token);
            }
            catch (ExpertUnavailableException e) when (e.InnerException is { } reason)
            {
                // Clients do not know the learning's exceptions.
                throw reason is ArtifactException ? reason : new TimeoutException(e.Message);
            }
            finally
            {
                steps.Writer.Complete();
            }
        }
    }

    private static double[] Mean(double[][] rows) => [.. rows[0].Select((_, k) => rows.Average(row => row[k]))];

    private static ModelReference Reference(RunStatus run, ModelStatus model) => new(run.Spec, run.SpecHash, model.Role, model.Weights!);
}
