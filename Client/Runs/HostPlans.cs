using Orleans;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>The clusters of runs whose images stay with their hosts, as a client learns them.</summary>
internal static class HostPlans
{
    /// <summary>The plan of a run.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public static async Task<HostPlan> OfAsync(IGrainFactory grains, RunSpec spec, CancellationToken cancellation)
    {
        string? plan = await grains.GetGrain<IHostPlanGrain>(GrainKeys.HostPlan(spec.Name)).GetAsync(string.Empty, cancellation);
        return plan is { Length: > 0 }
            ? HostPlan.FromJson(plan)
            : throw new CliException(ExitCode.Integrity, $"The clusters of run '{spec.Name}' are not stored any more; remove the run and train anew.");
    }
}
