using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Sampling;

/// <summary>
/// Draws the samples of one request: a solver over experts on device hosts. Recovery: it remembers nothing; the same request asked
/// again gives the same samples. Key format: <c>sample/ID</c>.
/// </summary>
internal sealed class SamplerGrain(IDeviceHostClient hosts, ILocalSiloDetails silo) : Grain, ISamplerGrain
{
    public async IAsyncEnumerable<SampleProgress> SampleAsync(
        SampleRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        RunStatus run = await GrainFactory.GetGrain<IRunGrain>(GrainKeys.Run(request.Run)).GetStatusAsync(cancellation);
        SamplePlan plan = SamplePlan.For(request, run);
        IDeviceHost host = hosts.On(silo.SiloAddress);
        var contract = new ExpertContract(plan.Schedule, Parameterizations.Parse(plan.Spec.Diffusion.Parameterization));
        IExpert<float>[] experts = [.. run.Models.Where(m => !ModelRole.Parse(m.Role).IsRouter)
            .Select(m => new RemoteExpert(host, Reference(run, m), contract))];
        ModelStatus? router = run.Models.FirstOrDefault(m => ModelRole.Parse(m.Role).IsRouter);
        var denoiser = new EnsembleDenoiser<float>(
            router is null ? null : new RemoteRouter(host, Reference(run, router), experts.Length), experts, plan.Rule, plan.Options);
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
                reports.Sum(r => (long)r.Report.Evaluations)));
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
            finally
            {
                steps.Writer.Complete();
            }
        }
    }

    private static double[] Mean(double[][] rows) => [.. rows[0].Select((_, k) => rows.Average(row => row[k]))];

    private static ModelReference Reference(RunStatus run, ModelStatus model) => new(run.Spec, run.SpecHash, model.Role, model.Weights!);
}
